//! Broken programs: same verdict, line and text as the reference implementation.

mod common;

use common::{Random, cut, oracle, verdict};

fn main_corpus() -> Vec<Vec<u8>> {
    ["statements", "expressions"].iter().map(|n| std::fs::read(format!("{}/tests/ok/{n}.lua", env!("CARGO_MANIFEST_DIR"))).unwrap()).collect()
}

const WORDS: &[&str] = &["and","break","do","else","elseif","end","false","for","function","goto","if","in","local","nil","not","or","repeat","return","then","true","until","while","+","-","*","/","%","^","#","==","~=","<=",">=","<",">","=","(",")","{","}","[","]","::",";",":",",",".","..","...","//","<<",">>","&","~","|","x","y","1","2.5","'s'","f()","a.b","$","\"q\\z\"", "0x", "[[l]]","--c\n"];

#[test]
fn mutants() {
    let corpus = main_corpus();
    let mut r = Random::new(7);
    let mut programs = Vec::new();
    for _ in 0..common::rounds(4000) {
        let base = &corpus[r.below(corpus.len())];
        // a few consecutive lines
        let mut pieces: Vec<&[u8]> = cut(base);
        let n = 1 + r.below(2);
        for _ in 0..n {
            let toks: Vec<usize> = (0..pieces.len()).filter(|i| !pieces[*i].iter().all(|b| b.is_ascii_whitespace())).collect();
            let at = toks[r.below(toks.len())];
            match r.below(5) {
                0 => { pieces.remove(at); }
                1 => pieces[at] = r.pick(WORDS).as_bytes(),
                2 => { pieces.insert(at, b" "); pieces.insert(at, r.pick(WORDS).as_bytes()); }
                3 => pieces.truncate(at),
                _ => { let b = toks[r.below(toks.len())]; pieces.swap(at, b); }
            }
            if pieces.is_empty() { break; }
        }
        programs.push(pieces.concat());
    }
    let Some(verdicts) = oracle(&programs) else { println!("skipped: no lua5.3"); return };
    let mut bad = 0; let mut rejected = 0;
    for (p, v) in programs.iter().zip(&verdicts) {
        let ours = verdict(p);
        if v != b"ok" { rejected += 1; }
        if &ours != v {
            bad += 1;
            let line: usize = String::from_utf8_lossy(v).split(':').next().unwrap().parse().unwrap_or(0);
            let text = String::from_utf8_lossy(p).lines().nth(line.max(1)-1).unwrap_or("").to_owned();
            println!("DIFF lua: {:?} our: {:?}      TEXT {}", String::from_utf8_lossy(v), String::from_utf8_lossy(&ours), text);
        }
    }
    println!("{} programs, {rejected} rejected, {bad} differ", programs.len());
}
