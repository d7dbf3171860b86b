//! `json` with hostile and random input: nothing panics, what is read back is what was written, and the classes of
//! RFC 8259 are accepted or refused.

use wippy_random::Random;
use wippy_stdlib::json::lexer::Lexer;
use wippy_vm::{LoadMode, Step, Value, Vm};

fn machine() -> Vm {
    let mut vm = Vm::default();
    vm.enter(wippy_stdlib::open).expect("memory is not limited");
    vm
}

/// Decodes a text, encodes what came out and decodes that, which must be the same value: the text of it, or `None` if
/// the first one was refused. Whole floats come back as integers.
fn settle(vm: &mut Vm, text: &[u8], fuel: u64) -> Option<Vec<u8>> {
    const PROGRAM: &[u8] = b"local json, text = require('json'), ...
        local function same(a, b)
            if type(a) ~= 'table' or type(b) ~= 'table' then return a == b and math.type(a) == math.type(b) end
            for k, v in pairs(a) do if not same(v, b[k]) then return false end end
            for k in pairs(b) do if a[k] == nil then return false end end
            return true
        end
        local value, e = json.decode(text)
        if e then assert(e:message():find('byte %d') or #text == 0, e:message()) return nil end
        local once, e = json.encode(value)
        if e then return 'sparse' end
        local again, e = json.decode(once)
        assert(e == nil and (same(value, again) or text:find('[.eE]')), 'not the same')
        return once";
    vm.start(|cx| {
        let chunk = cx.load(PROGRAM, b"=settle", LoadMode::ANY)?;
        let text = cx.string(text)?;
        cx.push(chunk);
        cx.push(text);
        Ok(())
    })
    .expect("the program compiles");
    loop {
        match vm.run(fuel) {
            Step::Finished => break,
            Step::Failed(failure) => panic!("{failure}"),
            _ => {}
        }
    }
    vm.results(|cx| match cx.get(1) {
        Value::String(text) => Some(text.as_bytes().to_vec()),
        _ => None,
    })
}

const SEEDS: &[&str] = &[
    r#"{"id":1,"name":"A\u00e9\ud83d\ude00","list":[1,2.5e3,-0.1,null,true,false],"empty":{},"none":[]}"#,
    r#"[[[[{"a":[{"b":"c"}]}]]],"\"\\\/\b\f\n\r\t",1e400,-9223372036854775809]"#,
    r#"{"a":{"b":{"c":{"d":{}}}},"x":"plain text of some length, longer than a word"}"#,
    "[0, 1 ,\t2\r\n, \"\u{e9}\u{2028}\" ]",
];

#[test]
fn mutated_texts_never_break_anything() {
    let mut vm = machine();
    for seed in 0..100_000 {
        let mut random = Random::new(seed);
        let mut text = SEEDS[random.below(SEEDS.len())].as_bytes().to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(text.len().max(1)).min(text.len().saturating_sub(1));
            match random.below(5) {
                0 if !text.is_empty() => text[at] = random.bits() as u8,
                1 if !text.is_empty() => text[at] = b"{}[],:\"\\0123456789eE+-.tfn \n"[random.below(28)],
                2 => text.truncate(at),
                3 if !text.is_empty() => {
                    text.remove(at);
                }
                _ => {
                    let piece = random.below(text.len() - at + 1);
                    let copy = text[at..at + piece].to_vec();
                    text.splice(at..at, copy);
                }
            }
        }
        // Most go through the tokens only; the whole way is slower.
        let mut lexer = Lexer::new(&text, 0);
        while lexer.peek() != 0 {
            let before = lexer.position;
            let fault = match text[before] {
                b'"' => lexer.string().map(|text| assert!(std::str::from_utf8(text).is_ok())).err(),
                b'-' | b'0'..=b'9' => lexer.number().map(|_| ()).err(),
                _ => {
                    lexer.position += 1;
                    None
                }
            };
            if let Some(fault) = fault {
                assert!(!fault.describe(&text).is_empty(), "seed {seed}");
                lexer.position = lexer.position.max(before + 1);
            }
            assert!(lexer.position > before && lexer.position <= text.len(), "seed {seed}");
        }
        if seed % 10 == 0 {
            settle(&mut vm, &text, 50 + (seed % 1000));
        }
    }
}

#[test]
fn classes_of_the_standard() {
    let mut vm = machine();
    let accepted = [
        "[]",
        "[ ]",
        "{}",
        "0",
        "-0",
        "1E5",
        "1e+5",
        "1.5e-5",
        "\"\"",
        "\"\\u0000\"",
        "[1,\n2]",
        "true",
        "null",
        "[\"\u{7f}\"]",
        "{\"\":0}",
        "{\"a\":{}}",
        "\"\\uD834\\uDD1E\"",
        "[\"\u{fffe}\"]",
        " 1 ",
        "[123456789012345678901234567890]",
        "[1e-9999]",
    ];
    for text in accepted {
        assert!(settle(&mut vm, text.as_bytes(), 1000).is_some() || text == "null", "{text}");
    }
    let refused: &[&[u8]] = &[
        b"",
        b" ",
        b"[",
        b"]",
        b"[1",
        b"[1,",
        b"[1,]",
        b"[,1]",
        b"[1;2]",
        b"{",
        b"{\"a\"",
        b"{\"a\":",
        b"{\"a\":1",
        b"{\"a\":1,}",
        b"{a:1}",
        b"{1:1}",
        b"{\"a\" 1}",
        b"'a'",
        b"\"",
        b"\"\\",
        b"\"\\a\"",
        b"\"\\u\"",
        b"\"\\u12G4\"",
        b"\"\t\"",
        b"\"\x00\"",
        b"\"\x1f\"",
        b"\"\xff\"",
        b"\"\xe0\x80\"",
        b"\"\\ud800\"",
        b"\"\\ud800\\n\"",
        b"\"\\udfff\"",
        b"tru",
        b"True",
        b"nul",
        b"+1",
        b".1",
        b"-",
        b"--1",
        b"1.",
        b"[1.]",
        b"1e",
        b"1e+",
        b"1.e1",
        b"[-]",
        b"[01]",
        b"[0x1]",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"\xef\xbb\xbf[]",
        b"// c\n1",
        b"/**/1",
        b"[\"a\" \"b\"]",
        b"{\"a\":1 \"b\":2}",
        b"{\"a\":1,\"a\":1}",
        b"[1 2]",
        b"\xff",
        b"[\xa0]",
        b"[\"a\",\n4\n,1,",
        b"{\"a\":\"b\",,\"c\":1}",
    ];
    for text in refused {
        assert!(settle(&mut vm, text, 1000).is_none(), "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn any_amount_of_fuel_gives_the_same() {
    let mut vm = machine();
    let mut text = String::from("[");
    for index in 0..3000 {
        text.push_str(&format!("{{\"id\":{index},\"list\":[{index},[{index}]],\"s\":\"x{index}\"}},"));
    }
    text.push_str("{}]");
    let expected = settle(&mut vm, text.as_bytes(), u64::MAX).expect("is well formed");
    for fuel in [1, 100, 1000, 12_345] {
        assert_eq!(settle(&mut vm, text.as_bytes(), fuel), Some(expected.clone()), "{fuel}");
    }
}
