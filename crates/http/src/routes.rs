//! The routes of a server: an immutable table, and what it says about a request.
//!
//! A tree by segments; a search goes to literals first, then to parameters, then to what matches the rest, so the most
//! specific pattern is found first. Invariant: no two routes of one method match a common path while neither is more
//! specific ([`Table::new`] refuses them), so the order of routes means nothing.

use std::collections::{BTreeSet, HashMap};

use hyper::Method;

use crate::path::{self, Path};
use crate::pattern::{End, Pattern, Relation, Segment};

/// A method and a pattern, with what belongs to them.
#[derive(Debug, Clone)]
pub struct Route<T> {
    /// Which requests.
    pub method: Method,
    /// Which paths.
    pub pattern: Pattern,
    /// What the owner of the table keeps with it.
    pub target: T,
}

/// Two routes, by their places in the list, that match a common path while neither is more specific.
pub type Conflict = (usize, usize);

/// See the module.
#[derive(Debug)]
pub struct Table<T> {
    routes: Vec<Route<T>>,
    root: Node,
}

impl<T> Default for Table<T> {
    fn default() -> Table<T> {
        Table { routes: Vec::new(), root: Node::default() }
    }
}

/// What a table says about a request.
#[derive(Debug)]
pub enum Found<'a, T> {
    /// This route answers; with the values of its parameters.
    Route(&'a Route<T>, Vec<(String, Vec<u8>)>),
    /// A path of this route is asked for its options, and no route does that.
    Options(&'a Route<T>),
    /// The client is to ask there instead.
    Redirect(String),
    /// There is nothing under this path.
    Nothing,
    /// There is, for these methods.
    Methods(String),
    /// The path is none.
    Malformed,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<Box<[u8]>, Node>,
    parameter: Option<Box<Node>>,
    exact: Leaf,
    slash: Leaf,
    subtree: Leaf,
}

/// Routes that match the same paths, by the name of their method.
type Leaf = Vec<usize>;

/// What a search has come to.
#[derive(Clone, Copy)]
struct Hit {
    route: usize,
    /// Nobody answers for the options of its path but the table.
    automatic: bool,
}

impl<T> Table<T> {
    /// Of all routes.
    ///
    /// # Errors
    /// Every pair that cannot be told apart.
    pub fn new(routes: Vec<Route<T>>) -> Result<Table<T>, Vec<Conflict>> {
        let mut conflicts = Vec::new();
        for (at, one) in routes.iter().enumerate() {
            for (other, two) in routes.iter().enumerate().skip(at + 1) {
                let alike = one.method == two.method
                    && matches!(one.pattern.relation(&two.pattern), Relation::Equal | Relation::Overlapping);
                if alike {
                    conflicts.push((at, other));
                }
            }
        }
        if !conflicts.is_empty() {
            return Err(conflicts);
        }
        let mut root = Node::default();
        for (at, route) in routes.iter().enumerate() {
            let leaf = root.leaf(&route.pattern);
            let place = leaf.partition_point(|other| routes[*other].method.as_str() < route.method.as_str());
            leaf.insert(place, at);
        }
        Ok(Table { routes, root })
    }

    /// The routes, as they were given.
    pub fn routes(&self) -> &[Route<T>] {
        &self.routes
    }

    /// What is to be done about a request for this path, which is not decoded yet.
    pub fn find(&self, method: &Method, raw: &str, query: Option<&str>) -> Found<'_, T> {
        if let Some(clean) = path::cleaned(raw) {
            return Found::Redirect(path::location(&clean, query));
        }
        let Some(Path { mut segments, .. }) = Path::parse(raw) else { return Found::Malformed };
        let mut known = BTreeSet::new();
        let hit = self.search(&self.root, &segments, 0, method, &mut known);
        let own = |hit: &Hit| self.routes[hit.route].pattern.end() != End::Subtree;
        if !hit.as_ref().is_some_and(own) && segments.last().is_some_and(|last| !last.is_empty()) {
            let depth = segments.len();
            segments.push(Vec::new());
            let below = self.search(&self.root, &segments, 0, method, &mut BTreeSet::new());
            segments.pop();
            if let Some(below) = below {
                let pattern = &self.routes[below.route].pattern;
                if pattern.end() == End::Subtree && pattern.segments().len() == depth {
                    return Found::Redirect(path::location(&format!("{raw}/"), query));
                }
            }
        }
        match hit {
            Some(Hit { route, automatic: true }) => Found::Options(&self.routes[route]),
            Some(Hit { route, .. }) => {
                let route = &self.routes[route];
                let values = route.pattern.segments().iter().zip(segments);
                let named = values.filter_map(|(segment, value)| match segment {
                    Segment::Parameter(name) => Some((name.clone(), value)),
                    Segment::Literal(_) => None,
                });
                Found::Route(route, named.collect())
            }
            None if known.is_empty() => Found::Nothing,
            None => Found::Methods(known.into_iter().collect::<Vec<_>>().join(", ")),
        }
    }

    fn search(
        &self,
        node: &Node,
        path: &[Vec<u8>],
        at: usize,
        method: &Method,
        known: &mut BTreeSet<String>,
    ) -> Option<Hit> {
        let Some(part) = path.get(at) else { return self.pick(&node.exact, method, known) };
        if !part.is_empty() {
            if let Some(next) = node.literals.get(part.as_slice())
                && let Some(hit) = self.search(next, path, at + 1, method, known)
            {
                return Some(hit);
            }
            if let Some(next) = &node.parameter
                && let Some(hit) = self.search(next, path, at + 1, method, known)
            {
                return Some(hit);
            }
        } else if at + 1 == path.len()
            && let Some(hit) = self.pick(&node.slash, method, known)
        {
            return Some(hit);
        }
        self.pick(&node.subtree, method, known)
    }

    /// The route of a leaf that answers this method; the methods that others answer are added to `known`.
    fn pick(&self, leaf: &Leaf, method: &Method, known: &mut BTreeSet<String>) -> Option<Hit> {
        let of = |wanted: &Method| leaf.iter().copied().find(|at| self.routes[*at].method == *wanted);
        let found = of(method).or_else(|| if *method == Method::HEAD { of(&Method::GET) } else { None });
        if let Some(route) = found {
            return Some(Hit { route, automatic: false });
        }
        if *method == Method::OPTIONS
            && let Some(route) = leaf.first().copied()
        {
            return Some(Hit { route, automatic: true });
        }
        for at in leaf {
            let method = &self.routes[*at].method;
            known.insert(method.to_string());
            known.insert(Method::OPTIONS.to_string());
            if *method == Method::GET {
                known.insert(Method::HEAD.to_string());
            }
        }
        None
    }
}

impl Node {
    /// The leaf of a pattern, made if it is not there.
    fn leaf(&mut self, pattern: &Pattern) -> &mut Leaf {
        let mut node = self;
        for segment in pattern.segments() {
            node = match segment {
                Segment::Literal(text) => node.literals.entry(text.as_bytes().into()).or_default(),
                Segment::Parameter(_) => node.parameter.get_or_insert_default(),
            };
        }
        match pattern.end() {
            End::Exact => &mut node.exact,
            End::Slash => &mut node.slash,
            End::Subtree => &mut node.subtree,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wippy_random::Random;

    fn route(text: &str) -> Route<String> {
        let (method, pattern) = text.split_once(' ').unwrap();
        Route {
            method: method.parse().unwrap(),
            pattern: Pattern::parse(pattern).unwrap(),
            target: text.to_owned(),
        }
    }

    fn table(routes: &[&str]) -> Table<String> {
        Table::new(routes.iter().map(|text| route(text)).collect()).unwrap()
    }

    /// What a table says, as text.
    fn ask(table: &Table<String>, request: &str) -> String {
        let (method, target) = request.split_once(' ').unwrap();
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        match table.find(&method.parse().unwrap(), path, query) {
            Found::Route(route, values) => {
                let values: Vec<String> = values
                    .iter()
                    .map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value)))
                    .collect();
                format!("{} {}", route.target, values.join(",")).trim_end().to_owned()
            }
            Found::Options(route) => format!("options of {}", route.target),
            Found::Redirect(to) => format!("-> {to}"),
            Found::Nothing => "404".to_owned(),
            Found::Methods(allow) => format!("405 {allow}"),
            Found::Malformed => "400".to_owned(),
        }
    }

    #[test]
    fn the_most_specific_route_answers() {
        let table = table(&[
            "GET /",
            "GET /u/{id}/p/{pid}",
            "GET /u/{id}/p/new",
            "POST /u/{id}/p/new",
            "GET /f/{rest...}",
            "GET /f/x/{$}",
            "HEAD /h",
            "GET /h",
            "OPTIONS /o",
            "GET /o",
            "DELETE /d",
        ]);
        for (request, answer) in [
            ("GET /", "GET /"),
            ("GET /else/where", "GET /"),
            ("GET /u/a%20b/p/7", "GET /u/{id}/p/{pid} id=a b,pid=7"),
            ("GET /u/1/p/new", "GET /u/{id}/p/new id=1"),
            ("POST /u/1/p/new", "POST /u/{id}/p/new id=1"),
            ("POST /u/1/p/7", "405 GET, HEAD, OPTIONS"),
            ("GET /f/a/b", "GET /f/{rest...}"),
            ("GET /f/x/", "GET /f/x/{$}"),
            ("GET /f/x/y", "GET /f/{rest...}"),
            ("GET /f?a=1", "-> /f/?a=1"),
            ("POST /f", "405 GET, HEAD, OPTIONS"),
            ("HEAD /h", "HEAD /h"),
            ("HEAD /", "GET /"),
            ("OPTIONS /o", "OPTIONS /o"),
            ("OPTIONS /d", "options of DELETE /d"),
            ("PATCH /d", "405 DELETE, GET, HEAD, OPTIONS"),
            ("GET //d", "-> /d"),
            ("GET /a/../d?x", "-> /d?x"),
            ("GET /%zz", "400"),
            ("GET *", "400"),
        ] {
            assert_eq!(ask(&table, request), answer, "{request}");
        }
        assert_eq!(ask(&Table::default(), "GET /"), "404");
    }

    #[test]
    fn a_route_of_ones_own_is_not_redirected() {
        let with = table(&["GET /a/", "GET /a", "GET /b/", "GET /{x}", "POST /c/"]);
        assert_eq!(ask(&with, "GET /a"), "GET /a");
        assert_eq!(ask(&with, "GET /b"), "GET /{x} x=b");
        assert_eq!(ask(&with, "POST /c"), "-> /c/");
        let catch_all = table(&["GET /", "GET /b/"]);
        assert_eq!(ask(&catch_all, "GET /b"), "-> /b/");
        assert_eq!(ask(&catch_all, "GET /c"), "GET /");
    }

    #[test]
    fn routes_that_cannot_be_told_apart_are_refused() {
        let conflict = |texts: &[&str]| {
            Table::new(texts.iter().map(|text| route(text)).collect::<Vec<_>>()).err().unwrap_or_default()
        };
        assert_eq!(conflict(&["GET /a", "GET /a"]), [(0, 1)]);
        assert_eq!(conflict(&["GET /{x}", "POST /{y}", "GET /{y}"]), [(0, 2)]);
        assert_eq!(conflict(&["GET /a/{x}", "GET /{y}/b"]), [(0, 1)]);
        assert_eq!(conflict(&["GET /a/{x}", "POST /{y}/b", "GET /a/b", "GET /"]), []);
    }

    #[test]
    fn a_choice_does_not_depend_on_the_order() {
        let patterns = ["/", "/a", "/a/", "/a/{$}", "/{x}", "/{x}/b", "/a/b", "/a/{x}", "/{x}/", "/{x}/{y}"];
        let paths = ["/", "/a", "/a/", "/a/b", "/b/b", "/b/c", "/b", "/a/c/d", "/c/"];
        for seed in 0..400 {
            let mut random = Random::new(seed);
            let mut routes: Vec<Route<String>> = Vec::new();
            for _ in 0..8 {
                let text = format!("{} {}", random.pick(&["GET", "POST"]), random.pick(&patterns));
                let fresh = route(&text);
                let fits = routes.iter().all(|old| {
                    old.method != fresh.method
                        || !matches!(
                            old.pattern.relation(&fresh.pattern),
                            Relation::Equal | Relation::Overlapping
                        )
                });
                if fits {
                    routes.push(fresh);
                }
            }
            let mut shuffled = routes.clone();
            for at in (1..shuffled.len()).rev() {
                shuffled.swap(at, random.below(at + 1));
            }
            let (one, two) = (Table::new(routes).unwrap(), Table::new(shuffled).unwrap());
            for path in paths {
                for method in ["GET", "POST"] {
                    let request = format!("{method} {path}");
                    assert_eq!(ask(&one, &request), ask(&two, &request), "seed {seed}: {request}");
                    let Ok(wanted) = method.parse::<Method>() else { continue };
                    if let Found::Route(found, _) = one.find(&wanted, path, None) {
                        let segments: Vec<&[u8]> = path[1..].split('/').map(str::as_bytes).collect();
                        assert!(found.pattern.matches(&segments), "seed {seed}: {request}");
                        let better = one.routes().iter().find(|other| {
                            other.method == wanted
                                && other.pattern.matches(&segments)
                                && other.pattern.relation(&found.pattern) == Relation::Narrower
                        });
                        assert!(better.is_none(), "seed {seed}: {request}");
                    }
                }
            }
        }
    }
}
