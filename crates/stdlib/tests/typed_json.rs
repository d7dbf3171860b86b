//! `json.decode_as` against `json.decode` and `T:is`: on every text, mutated or not, both accept or both refuse, and what
//! is accepted is the same value.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use wippy_random::Random;
use wippy_vm::{LoadMode, Step, Value, Vm};

/// Types of every form, and one function that compares on a list of texts.
const PROGRAM: &str = r#"
local json, texts = require("json"), ...

type Address = {street: string @min_len(1), zip: string @pattern("^[0-9]+$"), country?: "US" | "DE"}
type User = {
  id: integer @min(1), name: string, score: number @max(1), active: boolean, role: "a" | "b" | 3,
  address: Address, tags: {string} @max_len(3), nick?: string,
}
type Event = {kind: "click", x: number, y?: number} | {kind: "key", code: integer} | {kind: 7, list: {any}}
type Tree = {value: number | string, children?: {Tree}}
type Open = {a: integer, b?: {number}, [string @min_len(2)]: number?}
type Union = {number} | {[string]: boolean} | string | nil
type Both = {a: number} & {b: string?} & {[string]: any}
type Map = {[string]: {integer?}}
type Numbered = {[integer]: any}
type Limited = (table @min_len(1)) | false
interface Shape area: number name: string? end
type Nested = {list: {{point: {x: number, y: number}?}}, rest: unknown}

local list = {
  User, Event, Tree, Open, Union, Both, Map, Numbered, Limited, Shape, Nested,
  Any, Never, Nil, Integer, String, Table,
}
type Users = {User}
type Events = {[string]: Event}
type Optional = Tree?
list[#list + 1], list[#list + 2], list[#list + 3] = Users, Events, Optional

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b and math.type(a) == math.type(b) end
  for k, v in pairs(a) do if not same(v, b[k]) then return false end end
  for k in pairs(b) do if a[k] == nil then return false end end
  return json.encode({a}) == nil or (next(a) ~= nil or json.encode(a) == json.encode(b))
end

local accepted = 0
for _, text in ipairs(texts) do
  local value, malformed = json.decode(text)
  for at, ty in ipairs(list) do
    local typed, err = json.decode_as(ty, text)
    local _, wrong = ty:is(value)
    local where = tostring(ty) .. " and " .. text
    assert((err == nil) == (malformed == nil and wrong == nil), where .. ": " .. tostring(malformed or wrong) .. " / " .. tostring(err))
    if err == nil then
      accepted = accepted + 1
      assert(same(value, typed), where)
    else
      assert(err:message():find("byte %d") or text == "", err:message())
    end
  end
end
return accepted
"#;

const SEEDS: &[&str] = &[
    r#"{"id":1,"name":"Ann","score":0.5,"active":true,"role":"a","address":{"street":"s","zip":"123","country":"DE"},"tags":["x","y"],"nick":null}"#,
    r#"[{"id":1,"name":"B","score":1,"active":false,"role":3.0,"address":{"street":"s","zip":"9"},"tags":[]}]"#,
    r#"{"kind":"click","x":1.5,"y":2}"#,
    r#"{"code":3,"kind":"key"}"#,
    r#"{"kind":7,"list":[{}, [], null, "x"]}"#,
    r#"{"e1":{"kind":"click","x":1},"e2":{"kind":"key","code":1}}"#,
    r#"{"value":1,"children":[{"value":"x","children":[{"value":2.5}]},{"value":3}]}"#,
    r#"{"a":1,"b":[1,2.5],"more":7,"xx":null}"#,
    r#"[1,2,null,4.5]"#,
    r#"{"yes":true,"no":false}"#,
    r#"{"one":[1,2],"two":[],"three":[null,3]}"#,
    r#"{"area":2.5,"name":"square"}"#,
    r#"{"list":[{"point":{"x":1,"y":2}},{}],"rest":{"deep":[[[]]]}}"#,
    r#""text""#,
    "null",
    "[]",
    "{}",
    "17",
];

fn mutated(random: &mut Random) -> Vec<u8> {
    let mut text = SEEDS[random.below(SEEDS.len())].as_bytes().to_vec();
    for _ in 0..random.below(4) {
        let at = random.below(text.len().max(1)).min(text.len().saturating_sub(1));
        match random.below(6) {
            0 if !text.is_empty() => text[at] = random.bits() as u8,
            1 if !text.is_empty() => text[at] = b"{}[],:\"\\0123456789eE+-.tfn \n"[random.below(28)],
            2 => text.truncate(at),
            3 if !text.is_empty() => {
                text.remove(at);
            }
            4 => {
                const VALUES: [&[u8]; 8] = [b"1", b"null", b"\"a\"", b"{}", b"[]", b"true", b"1.5", b"-1"];
                let value = VALUES[random.below(VALUES.len())];
                // In the place of what is between two separators.
                let is_end = |byte: &u8| matches!(byte, b',' | b':' | b'[' | b']' | b'{' | b'}');
                let start = text[..at].iter().rposition(is_end).map_or(0, |before| before + 1);
                let end = text[at..].iter().position(is_end).map_or(text.len(), |length| at + length);
                text.splice(start..end.max(start), value.iter().copied());
            }
            _ => {
                let piece = random.below(text.len() - at + 1);
                let copy = text[at..at + piece].to_vec();
                text.splice(at..at, copy);
            }
        }
    }
    text
}

/// Runs the comparison on some texts; how often a text was accepted.
fn compare(vm: &mut Vm, texts: &[Vec<u8>], fuel: u64, seed: u64) -> i64 {
    vm.start(|cx| {
        let chunk = cx.load(PROGRAM.as_bytes(), b"=compare", LoadMode::ANY)?;
        let list = cx.table(texts.len(), 0)?;
        for (at, text) in (1..).zip(texts) {
            let text = cx.string(text)?;
            cx.raw_set_integer(list, at, text)?;
        }
        cx.push(chunk);
        cx.push(list);
        Ok(())
    })
    .unwrap();
    loop {
        match vm.run(fuel) {
            Step::Finished => break,
            Step::Failed(failure) => panic!("seed {seed}: {failure}"),
            _ => {}
        }
    }
    vm.results(|cx| match cx.get(1) {
        Value::Integer(accepted) => accepted,
        _ => 0,
    })
}

#[test]
fn reading_under_a_type_agrees_with_reading_and_checking() {
    let mut vm = Vm::default();
    vm.enter(wippy_stdlib::open).unwrap();
    let plain: Vec<Vec<u8>> = SEEDS.iter().map(|text| text.as_bytes().to_vec()).collect();
    assert!(compare(&mut vm, &plain, 100_000, 0) > 60);
    let mut accepted = 0;
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let texts: Vec<Vec<u8>> = (0..100).map(|_| mutated(&mut random)).collect();
        // A small budget pauses the reader in the middle of things.
        accepted += compare(&mut vm, &texts, if seed % 2 == 0 { 100_000 } else { 50 }, seed);
    }
    assert!(accepted > 5000, "only {accepted} were accepted: the texts are too broken");
}
