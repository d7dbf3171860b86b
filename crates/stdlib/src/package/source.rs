//! Reading a chunk from a file: what stands before the first line of Lua is taken away.
//!
//! It does not compile. Invariant: line numbers of the text stay those of the file.

use wippy_parser::strip_shebang;

use crate::host;

/// The chunk in a file.
///
/// # Errors
/// A message as `loadfile` gives it.
pub(crate) fn read(file: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
    let failed = |what: &str, error: &std::io::Error| {
        [format!("cannot {what} ").as_bytes(), file, b": ", host::describe(error).as_bytes()].concat()
    };
    let mut content = Vec::new();
    let mut opened = std::fs::File::open(host::path(file)).map_err(|error| failed("open", &error))?;
    std::io::Read::read_to_end(&mut opened, &mut content).map_err(|error| failed("read", &error))?;
    let chunk = strip_shebang(&content);
    Ok(if chunk.len() == content.len() { content } else { chunk.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_named() {
        assert_eq!(
            read(b"/no/such/file"),
            Err(b"cannot open /no/such/file: No such file or directory".to_vec())
        );
    }
}
