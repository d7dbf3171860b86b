//! A set of files under edit: texts go in, findings come out, and only what a change can affect is checked again.
//!
//! What an editor needs. A query is answered from memory unless the text of the file changed, or what a module it
//! requires offers did; whether that is so is found out once for each change. Files that nobody set are asked of a
//! [`Resolver`]. Invariant: answers are those of a fresh project with the same texts, except that of files which require
//! each other the one asked about first is checked last.

use std::sync::Arc;

use super::environment::Environment;
use super::session::{Options, Report, Resolution, Resolver, Session};
use super::types::Map;

/// Types of superseded checks that are kept before a project starts over.
const GARBAGE: usize = 1 << 20;

/// A set of files under edit: [`set_file`](Self::set_file) takes texts, [`diagnostics`](Self::diagnostics) gives findings,
/// and only what a change can affect is checked again.
#[derive(Debug)]
pub struct Project<R> {
    session: Session,
    environment: Environment,
    options: Options,
    files: Files<R>,
}

/// The texts of a project, in front of those its resolver finds.
#[derive(Debug)]
struct Files<R> {
    texts: Map<String, Arc<[u8]>>,
    resolver: R,
}

impl<R: Resolver> Resolver for Files<R> {
    fn resolve(&mut self, from: &str, name: &str) -> Resolution {
        match self.resolver.resolve(from, name) {
            Resolution::Chunk { name, text } => {
                let text = self.texts.get(&name).cloned().unwrap_or(text);
                Resolution::Chunk { name, text }
            }
            other => other,
        }
    }
}

impl<R: Resolver> Project<R> {
    /// A project without files, in which programs see `environment` and `resolver` says what `require` means.
    pub fn new(environment: Environment, options: Options, resolver: R) -> Self {
        let session = Session::new(&environment, options);
        Self { session, environment, options, files: Files { texts: Map::default(), resolver } }
    }

    /// Sets the text of a file, under the name by which the resolver knows it.
    pub fn set_file(&mut self, name: &str, text: impl Into<Arc<[u8]>>) {
        let text = text.into();
        if self.files.texts.get(name) != Some(&text) {
            self.files.texts.insert(name.to_owned(), text);
            self.session.begin();
        }
    }

    /// Takes a file back: from now on the resolver knows best.
    pub fn remove_file(&mut self, name: &str) {
        if self.files.texts.remove(name).is_some() {
            self.session.forget(name);
            self.session.begin();
        }
    }

    /// What the resolver finds may have changed.
    pub fn refresh(&mut self) -> &mut R {
        self.session.begin();
        &mut self.files.resolver
    }

    /// The names of the files that were set, in no order.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.texts.keys().map(String::as_str)
    }

    /// The findings in a file; none if it was not set.
    pub fn diagnostics(&mut self, name: &str) -> Option<Report> {
        let text = Arc::clone(self.files.texts.get(name)?);
        if self.session.garbage() > GARBAGE {
            // Everything is checked again, but only when it is asked for.
            self.session = Session::new(&self.environment, self.options);
        }
        Some(self.session.check_now(name, &text, &mut self.files))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    /// Files are called what `require` calls them.
    struct Named;

    impl Resolver for Named {
        fn resolve(&mut self, _from: &str, name: &str) -> Resolution {
            Resolution::Chunk { name: name.to_owned(), text: Arc::from(&b""[..]) }
        }
    }

    fn project(files: &[(&str, &str)]) -> Project<Named> {
        let environment = Environment::new()
            .global("require", "(name: string) -> any")
            .global("error", "(message: any, level: integer?) -> never");
        let mut project = Project::new(environment, Options::default(), Named);
        for (name, text) in files {
            project.set_file(name, text.as_bytes());
        }
        project
    }

    #[track_caller]
    fn codes(project: &mut Project<Named>, name: &str) -> (Vec<Code>, bool) {
        let report = project.diagnostics(name).expect("set");
        (report.diagnostics.iter().map(|it| it.code).collect(), report.fresh)
    }

    #[test]
    fn only_what_changed_is_checked_again() {
        let mut project = project(&[
            ("a", "local M = {} function M.f(): number return 1 end return M"),
            ("b", "local a = require(\"a\") local x: number = a.f() return {x = x}"),
            ("c", "local b = require(\"b\") local x: number = b.x"),
        ]);
        for name in ["c", "b", "a"] {
            assert_eq!(codes(&mut project, name), (vec![], true), "{name}");
        }
        project.set_file("a", &b"local M = {} function M.f(): number return 2 end return M"[..]);
        assert_eq!(codes(&mut project, "c"), (vec![], false));
        assert_eq!(codes(&mut project, "a"), (vec![], true));
        assert_eq!(codes(&mut project, "b"), (vec![], false));
        project.set_file("a", &b"local M = {} function M.f(): string return \"\" end return M"[..]);
        assert_eq!(codes(&mut project, "b"), (vec![Code::E0000], true));
        project.remove_file("b");
        assert!(project.diagnostics("b").is_none());
    }

    #[test]
    fn what_a_function_establishes_is_part_of_what_a_module_offers() {
        let good = "local M = {} function M.need(x) if x == nil then error(\"nil\") end end return M";
        let bad = "local M = {} function M.need(x) if x == 1 then error(\"nil\") end end return M";
        let user =
            "local m = require(\"m\") local function f(x: number?): number m.need(x) return x end return f";
        let mut project = project(&[("m", good), ("user", user)]);
        assert_eq!(codes(&mut project, "user"), (vec![], true));
        project.set_file("m", bad.as_bytes());
        assert_eq!(codes(&mut project, "user"), (vec![Code::E0000], true));
    }

    #[test]
    fn who_requires_a_module_does_not_change_it() {
        let module = "local M = {} M.size = 1 return M";
        let writer = "local m = require(\"m\") m.size = \"x\" m.extra = {} return m";
        let reader = "local m = require(\"m\") local n: number = m.size local s: string = m.size return n";
        let mut project = project(&[("m", module), ("writer", writer), ("reader", reader)]);
        assert_eq!(codes(&mut project, "writer"), (vec![], true));
        assert_eq!(codes(&mut project, "reader"), (vec![Code::E0000], true));
    }

    #[test]
    fn a_misspelt_function_of_a_module_is_found() {
        let module = "local M = {} function M.open(name: string): string return name end return M";
        let user = "local m = require(\"m\") local function f(): string return m.opne(\"x\") end return f";
        let mut project = project(&[("m", module), ("user", user)]);
        assert_eq!(codes(&mut project, "user"), (vec![Code::E0004], true));
        let open = "local M = {} for _, name in names() do M[name] = function() end end return M";
        project.set_file("m", open.as_bytes());
        assert_eq!(codes(&mut project, "user"), (vec![], true));
    }

    #[test]
    fn a_file_that_appears_is_noticed() {
        struct Known(bool);
        impl Resolver for Known {
            fn resolve(&mut self, _from: &str, name: &str) -> Resolution {
                match self.0 {
                    true => {
                        Resolution::Chunk { name: name.to_owned(), text: Arc::from(&b"return {x = 1}"[..]) }
                    }
                    false => Resolution::Unknown,
                }
            }
        }
        let environment = Environment::new().global("require", "(name: string) -> any");
        let mut project = Project::new(environment, Options::default(), Known(false));
        project.set_file("user", &b"local m = require(\"m\") local s: string = m.x"[..]);
        let codes = |project: &mut Project<Known>| {
            let report = project.diagnostics("user").expect("set");
            report.diagnostics.iter().filter(|it| it.code == Code::E0000).count()
        };
        assert_eq!(codes(&mut project), 0);
        project.refresh().0 = true;
        assert_eq!(codes(&mut project), 1);
    }

    #[test]
    fn a_chain_of_modules_is_looked_through_once() {
        // Each file requires the two before it: without a memory that would be as many looks as Fibonacci's numbers.
        let mut project = project(&[]);
        for at in 0..90 {
            let text = match at {
                0 | 1 => "return {x = 1}".to_owned(),
                _ => format!(
                    "local a, b = require(\"{}\"), require(\"{}\") return {{x = a.x, y = b.x}}",
                    at - 1,
                    at - 2
                ),
            };
            project.set_file(&at.to_string(), text.into_bytes());
        }
        assert_eq!(codes(&mut project, "89"), (vec![], true));
        project.set_file("0", &b"return {x = 2}"[..]);
        assert_eq!(codes(&mut project, "89").0, vec![]);
    }
}
