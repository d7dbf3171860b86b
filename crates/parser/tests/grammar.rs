//! The committed parser was generated from the committed grammar.

use std::fs;
use std::path::Path;

#[test]
fn the_generated_parser_is_current() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let grammar = fs::read(source.join("grammar.lalrpop")).unwrap();
    let parser = fs::read_to_string(source.join("grammar.rs")).unwrap();
    let fingerprint = format!("{:016x}", fingerprint(&grammar));
    let head = parser.lines().take(3).collect::<String>();
    assert!(
        head.contains(&fingerprint),
        "the grammar has changed ({fingerprint}): run `cargo xtask grammar`"
    );
}

/// FNV-1a over the text without carriage returns, as `cargo xtask grammar` computes it.
fn fingerprint(text: &[u8]) -> u64 {
    let bytes = text.iter().filter(|&&byte| byte != b'\r');
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
