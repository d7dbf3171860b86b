//! Applications that answer HTTP, on the real binary: the acceptance checks of applications and commands that are about
//! servers, and what endpoints and the module `http` do.
//!
//! Every server has an address of its own on the loopback network, so nothing else is in its way.

#![cfg(target_os = "linux")]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use support::{Outcome, Scratch, Watched, wippy};

/// An address that no other test and no other program has.
fn address(port: u16) -> String {
    static COUNT: AtomicU8 = AtomicU8::new(1);
    let [high, low] = [std::process::id() >> 8, std::process::id()].map(|part| (part % 250) as u8 + 1);
    format!("127.{high}.{low}.{}:{port}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Server and router of an application.
fn server(address: &str, router: &str) -> String {
    format!(
        "version: \"1.0\"\nnamespace: app\nentries:\n  - {{name: gateway, kind: http.service, addr: \"{address}\", lifecycle: {{auto_start: true}}}}\n  - {{name: api, kind: http.router, meta: {{server: gateway}}, prefix: /t{router}}}\n"
    )
}

/// An endpoint and its function, whose body this is.
fn endpoint(name: &str, method: &str, path: &str, body: &str) -> String {
    format!(
        "  - {{name: {name}.endpoint, kind: http.endpoint, meta: {{router: api}}, method: {method}, path: \"{path}\", func: {name}}}\n  - name: {name}\n    kind: function.lua\n    modules: [http, json, time, funcs, registry, security]\n    method: main\n    source: |\n      return {{main = function(...) {body} end}}\n"
    )
}

/// A running application, and where its server is.
struct Site {
    app: Watched,
    address: String,
}

fn start(arguments: &[&str], folder: Scratch, address: &str) -> Site {
    let mut app = Watched::start_with(arguments, folder);
    app.until("service app:gateway is Running", 1);
    Site { app, address: address.to_owned() }
}

fn site(router: &str, endpoints: &[(&str, &str, &str, &str)]) -> Site {
    let address = address(8085);
    let mut entries = server(&address, router);
    for (name, method, path, body) in endpoints {
        entries.push_str(&endpoint(name, method, path, body));
    }
    start(&["run"], Scratch::with("src/_index.yaml", entries), &address)
}

impl Site {
    fn ask(&self, request: &str) -> Reply {
        ask(&self.address, request, "")
    }

    fn post(&self, request: &str, body: &str) -> Reply {
        ask(&self.address, request, body)
    }

    fn end(self) -> Outcome {
        self.app.signal("-TERM");
        self.app.end()
    }
}

/// An answer.
#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("{address}: {error}"));
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit can be set");
    stream
}

/// Sends method and path, header lines behind them, and a body.
fn ask(address: &str, request: &str, body: &str) -> Reply {
    let mut stream = connect(address);
    let (line, headers) = request.split_once('\n').unwrap_or((request, ""));
    let mut text = format!("{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    headers.lines().for_each(|header| text.push_str(&format!("{header}\r\n")));
    if !body.is_empty() {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    text.push_str(&format!("\r\n{body}"));
    // A server that has answered already may have closed.
    let _ = stream.write_all(text.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.unwrap_or_else(|| panic!("{request}: no answer but {answer:?}"));
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { joined(body) } else { body.to_owned() };
    Reply { status, head: head.to_owned(), body }
}

/// Chunks put together.
fn joined(mut rest: &str) -> String {
    let mut whole = String::new();
    while let Some((length, more)) = rest.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).expect("a length");
        whole.push_str(&more[..length]);
        rest = &more[length + 2..];
    }
    whole
}

const JSON: (&str, &str, &str, &str) =
    ("json", "GET", "/json", "local r = http.response() r:set_status(201) r:write_json({a = 1})");

#[test]
fn an_override_moves_the_server() {
    let folder = Scratch::new();
    folder.file("src/_index.yaml", server(":8080", "") + &endpoint("v", "GET", "/v", "return 1"));
    let there = address(9090);
    let site = start(&["run", "-o", &format!("app:gateway:addr={there}")], folder, &there);
    assert_eq!(site.ask("GET /t/v").body, "1");
    assert_eq!(site.end().code, 0);
    let folder = Scratch::with("src/_index.yaml", server(":8080", ""));
    let outcome = wippy(&["run", "-o", "app:nope:x=1"]).within(&folder).outcome();
    assert_eq!(outcome.code, 1);
    assert!(outcome.err.contains("app:nope"), "{}", outcome.err);
}

#[test]
fn a_requirement_says_which_router() {
    let entries = |address: &str, default: &str| {
        server(address, "")
            + &format!(
                "  - {{name: router_id, kind: ns.requirement{default}, targets: [{{entry: free.endpoint, path: .meta.router}}]}}\n"
            )
            + &endpoint("free", "GET", "/free", "return 'here'").replace("meta: {router: api}, ", "")
    };
    let there = address(8085);
    let folder = Scratch::with("src/_index.yaml", entries(&there, ", default: app:api"));
    let site = start(&["run"], folder, &there);
    assert_eq!(site.ask("GET /t/free").body, "\"here\"");
    assert_eq!(site.end().code, 0);
    let outcome = wippy(&["run"]).within(&Scratch::with("src/_index.yaml", entries(&there, ""))).outcome();
    assert_eq!(outcome.code, 1);
    for part in ["requirement app:router_id has no value", "app:free.endpoint lacks the key \"meta.router\""]
    {
        assert!(outcome.err.contains(part), "{part}: {}", outcome.err);
    }
}

#[test]
fn a_variable_says_the_address() {
    let (plain, other) = (address(8081), address(8082));
    let entries = server(&format!("${{env:PORT_ADDR|{plain}}}"), "")
        + "  - {name: os, kind: env.storage.os}\n  - {name: port, kind: env.variable, storage: os, variable: PORT_ADDR}\n"
        + &endpoint("v", "GET", "/v", "return 1");
    let folder = Scratch::with("src/_index.yaml", entries);
    for (value, there) in [(None, &plain), (Some(&other), &other)] {
        let run = wippy(&["run"]).within(&folder);
        let mut app = Watched::of(match value {
            Some(value) => run.variable("PORT_ADDR", value),
            None => run,
        });
        app.until("service app:gateway is Running", 1);
        assert_eq!(ask(there, "GET /t/v", "").body, "1");
        app.signal("-TERM");
        assert_eq!(app.end().code, 0);
    }
}

#[test]
fn wrong_methods_unknown_paths_and_failing_handlers() {
    let site = site("", &[JSON, ("boom", "GET", "/boom", "error('boom')")]);
    let wrong = site.ask("POST /t/json");
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
    let unknown = site.ask("GET /t/nowhere");
    assert_eq!((unknown.status, unknown.body.as_str()), (404, "404 page not found\n"));
    let failing = site.ask("GET /t/boom");
    assert_eq!((failing.status, failing.header("content-type")), (500, Some("text/plain; charset=utf-8")));
    assert!(failing.body.contains("boom"), "{}", failing.body);
    let Outcome { code, err, .. } = site.end();
    assert_eq!(code, 0);
    assert!(err.contains("app:boom.endpoint\trequest failed"), "{err}");
}

#[test]
fn logs_go_to_standard_error_and_a_second_interrupt_ends_a_stuck_stop() {
    let there = address(8085);
    let sleep = endpoint("sleep", "GET", "/sleep", "http.response():flush() time.sleep('60s')");
    let entries = server(&there, "") + &sleep + &endpoint("v", "GET", "/v", "return 1");
    let folder = Scratch::with("src/_index.yaml", &entries);
    let mut site = start(&["run", "-c"], folder, &there);
    assert_eq!(site.ask("GET /t/v").body, "1");
    site.app.signal("-INT");
    site.app.until("shutting down (press Ctrl+C again to force exit)", 1);
    let Outcome { code, out, err } = site.app.end();
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    let mut site = start(&["run", "-c"], Scratch::with("src/_index.yaml", &entries), &there);
    let mut stuck = connect(&site.address);
    write!(stuck, "GET /t/sleep HTTP/1.1\r\nHost: h\r\n\r\n").expect("written");
    // The head has come, so the handler is at work.
    stuck.read_exact(&mut [0; 12]).expect("the head comes");
    site.app.signal("-INT");
    site.app.until("shutting down (press Ctrl+C again to force exit)", 1);
    site.app.signal("-INT");
    assert_eq!(site.app.end().code, 1);
}

#[test]
fn handlers_answer() {
    let site = site(
        "",
        &[
            JSON,
            (
                "late",
                "GET",
                "/late",
                "local r = http.response() r:write('x') local e = r:set_header('A', 'b') r:write(e:kind())",
            ),
            ("chain", "GET", "/chain", "http.response():set_status(200):write('no')"),
            ("value", "GET", "/value", "return {ok = true}"),
            ("none", "GET", "/none", "return"),
            ("second", "GET", "/second", "return 1, 'bad'"),
            ("odd", "GET", "/odd", "return print"),
            (
                "param",
                "GET",
                "/u/{id}/p/{pid}",
                "local q = http.request() http.response():write(q:param('id') .. '-' .. q:params().pid)",
            ),
            ("literal", "GET", "/u/{id}/p/new", "http.response():write('literal')"),
            (
                "tail",
                "GET",
                "/f/{rest...}",
                "local q = http.request() http.response():write(tostring(q:param('rest')) .. ' ' .. q:path())",
            ),
            (
                "echo",
                "POST",
                "/echo",
                "local q = http.request() http.response():write(q:header('x-one') .. '|' .. q:query('k') .. '|' .. q:body())",
            ),
            (
                "j",
                "POST",
                "/j",
                "local d, e = http.request():body_json() http.response():write(e and e:kind() .. ' ' .. e:message() or tostring(d.n))",
            ),
            (
                "small",
                "POST",
                "/small",
                "local q = http.request({max_body = 4}) local _, e = q:body() http.response():write(e:message())",
            ),
            (
                "twice",
                "POST",
                "/twice",
                "local q = http.request() q:body() local b, e = q:body() http.response():write(tostring(b) .. e:message())",
            ),
            (
                "sse",
                "GET",
                "/sse",
                "local r = http.response() r:write_event({name = 'n', data = {a = 1}}) r:write_event({name = 'm', data = 2})",
            ),
            (
                "big",
                "GET",
                "/big",
                "local r = http.response() for i = 1, 3 do r:write(('x'):rep(5000)) r:flush() end",
            ),
            (
                "huge",
                "GET",
                "/huge",
                "local r = http.response() local piece = ('y'):rep(100000) for i = 1, 100 do assert(r:write(piece) == nil) end",
            ),
            (
                "lines",
                "POST",
                "/lines",
                "local s = http.request():stream() local t = {} local c = s:scanner() while c:scan() do t[#t + 1] = c:text() end http.response():write_json(t)",
            ),
            (
                "pieces",
                "POST",
                "/pieces",
                "local s = http.request():stream() local n = 0 while true do local x, e = s:read(3) if not x then break end n = n + #x end http.response():write_json({n, s:stat().position})",
            ),
            (
                "up",
                "POST",
                "/up",
                "local f = http.request():parse_multipart() local x = f.files.doc[1] local s = x:stream() local a = s:read(2) s:seek('set', 1) http.response():write_json({x:name(), x:size(), f.values.t, a, s:read(), s:read() == nil, x:header('content-type'), tostring(x), s:stat().seekable})",
            ),
            (
                "tight",
                "POST",
                "/tight",
                "local f, e = http.request():parse_multipart(10) http.response():write(tostring(f) .. ' ' .. e:kind() .. ' ' .. e:message())",
            ),
            (
                "about",
                "GET",
                "/about",
                "local q = http.request() http.response():write_json({tostring(q), q:method(), q:host() ~= '', q:content_length(), q:has_body(), q:accepts('text/html'), q:query_params(), tostring(http.response()), q:remote_addr():match('^127%.') ~= nil})",
            ),
            (
                "nested",
                "GET",
                "/nested",
                "local _, e = funcs.call('app:alone') return {e:kind(), e:message()}",
            ),
            (
                "alone",
                "GET",
                "/alone",
                "local r, e = http.request() if r then return 'here' end return nil, e",
            ),
            (
                "crlf",
                "GET",
                "/crlf",
                "local r = http.response() http.response():write(tostring(pcall(r.set_header, r, 'A', 'b\\r\\nC: d')) .. tostring(pcall(r.set_status, r, 99)))",
            ),
            (
                "constants",
                "GET",
                "/constants",
                "return {http.METHOD.GET, http.STATUS.NOT_FOUND, http.CONTENT.JSON, http.TRANSFER.SSE, http.ERROR.PARSE_FAILED}",
            ),
            ("state", "GET", "/state", "r = r or http.response() return tostring(r:write('x'))"),
        ],
    );
    for (request, body, status, answer) in [
        ("GET /t/json", "", 201, "{\"a\":1}"),
        ("GET /t/late", "", 200, "xInvalid"),
        ("GET /t/value", "", 200, "{\"ok\":true}"),
        ("GET /t/none", "", 500, "no response sent\n"),
        ("GET /t/second", "", 500, "bad\n"),
        ("GET /t/u/a%20b/p/7", "", 200, "a b-7"),
        ("GET /t/u/1/p/new", "", 200, "literal"),
        ("GET /t/f/a/b", "", 200, "nil /t/f/a/b"),
        ("POST /t/echo?k=v%20w\nX-One: 1", "data", 200, "1|v w|data"),
        ("POST /t/j", "{\"n\":3}", 200, "3"),
        ("POST /t/small", "12345", 200, "request body too large"),
        ("POST /t/twice", "12345", 200, "nilno body"),
        ("GET /t/sse", "", 200, "event: n\ndata: {\"a\":1}\n\nevent: m\ndata: 2\n\n"),
        ("POST /t/lines", "a b\r\nc\n\nd", 200, "[\"a b\",\"c\",\"\",\"d\"]"),
        ("POST /t/pieces", "abcdefgh", 200, "[8,8]"),
        (
            "GET /t/about?a=1&a=2\nAccept: text/html",
            "",
            200,
            "[\"http.Request{method=GET, path=/t/about}\",\"GET\",true,0,false,true,{\"a\":\"1,2\"},\"http.Response{}\",true]",
        ),
        ("GET /t/nested", "", 200, "[\"Internal\",\"no HTTP request context found\"]"),
        ("GET /t/alone", "", 200, "\"here\""),
        ("GET /t/crlf", "", 200, "falsefalse"),
        ("GET /t/constants", "", 200, "[\"GET\",404,\"application/json\",\"sse\",\"PARSE_FAILED\"]"),
        ("GET /t/state", "", 200, "x"),
        ("GET /t/state", "", 200, "\"request is finished\""),
    ] {
        let reply = site.post(request, body);
        assert_eq!((reply.status, reply.body.as_str()), (status, answer), "{request}");
    }
    assert_eq!(site.ask("GET /t/json").header("content-type"), Some("application/json"));
    assert_eq!(site.ask("GET /t/value").header("content-type"), Some("application/json"));
    assert_eq!(site.ask("GET /t/sse").header("content-type"), Some("text/event-stream"));
    assert!(site.post("POST /t/j", "{bad").body.starts_with("Invalid invalid JSON: "));
    let form = "--B\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nz\r\n--B\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\ny\r\n--B\r\nContent-Disposition: form-data; name=\"doc\"; filename=\"a.txt\"\r\nContent-Type: text/x\r\n\r\nabc\r\n--B--\r\n";
    let media = "Content-Type: multipart/form-data; boundary=B";
    let answer = "[\"a.txt\",3,[\"z\",\"y\"],\"ab\",\"bc\",true,\"text/x\",\"http.MultipartFile{name=a.txt, size=3}\",true]";
    assert_eq!(site.post(&format!("POST /t/up\n{media}"), form).body, answer);
    let large = format!("{}{form}", "x".repeat(100_000));
    let tight = site.post(&format!("POST /t/tight\n{media}"), &large).body;
    assert_eq!(tight, "nil Internal failed to parse multipart form: larger than max_memory (10 bytes)");
    let other = site.post("POST /t/tight\nContent-Type: text/plain", "x").body;
    assert_eq!(other, "nil Invalid content type is not multipart/form-data");
    let short = site.post(&format!("POST /t/tight\n{media}"), "--B\r\n").body;
    assert_eq!(short, "nil Internal failed to parse multipart form: unexpected EOF");
    assert_eq!(site.ask("GET /t/chain").status, 500);
    assert_eq!(site.ask("GET /t/odd").status, 200);
    assert_eq!(site.ask("GET /t/big").body.len(), 15000);
    assert_eq!(site.ask("GET /t/huge").body.len(), 10_000_000);
    let head = site.ask("HEAD /t/json");
    assert_eq!((head.status, head.header("content-length"), head.body.as_str()), (201, Some("7"), ""));
    assert_eq!(site.end().code, 0);
}

#[test]
fn middleware_of_a_router() {
    let site = site(
        ", middleware: [cors, ratelimit, compress], options: {ratelimit.requests: 1, ratelimit.window: 1h, ratelimit.burst: 2}",
        &[JSON],
    );
    let preflight = site.ask("OPTIONS /t/json\nOrigin: http://a\nAccess-Control-Request-Method: GET");
    assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (204, Some("http://a")));
    assert_eq!(
        site.ask("GET /t/json\nOrigin: http://b").header("access-control-allow-origin"),
        Some("http://b")
    );
    assert_eq!(site.ask("GET /t/json").status, 201);
    assert_eq!(site.ask("GET /t/json").status, 429);
    assert_eq!(site.end().code, 0);
}

#[test]
fn routes_change_while_the_server_runs() {
    let change = "local s = registry.snapshot():changes() ";
    let answer = " local _, e = s:apply() return e and (e:kind() .. ' ' .. e:message()) or 'done'";
    let router = "meta = {router = 'app:api'}, data = {method = 'GET', path = PATH, func = 'app:v'}";
    let with = |what: &str, path: &str| {
        format!("{change}{}{answer}", what.replace("ENTRY", &router.replace("PATH", path)))
    };
    let create = with("s:create{id = 'app:fresh', kind = 'http.endpoint', ENTRY}", "'/fresh'");
    let again = with("s:create{id = 'app:other', kind = 'http.endpoint', ENTRY}", "'/fresh'");
    let update = with("s:update{id = 'app:fresh', kind = 'http.endpoint', ENTRY}", "'/moved'");
    let delete = with("s:delete('app:fresh')", "''");
    let mut moved = "local e = registry.get('app:gateway') e.data.addr = ':1' s:update(e)".to_owned();
    moved = with(&moved, "''");
    let mut limited =
        "local e = registry.get('app:gateway') e.data.timeouts = {idle = '1m'} s:update(e)".to_owned();
    limited = with(&limited, "''");
    let twin = with(
        "s:create{id = 'app:second', kind = 'http.router', meta = {server = 'app:gateway'}, data = {prefix = '/t/'}}",
        "''",
    );
    let site = site(
        "",
        &[
            ("v", "GET", "/v", "return 1"),
            ("create", "POST", "/create", &create),
            ("again", "POST", "/again", &again),
            ("update", "POST", "/update", &update),
            ("delete", "POST", "/delete", &delete),
            ("move", "POST", "/move", &moved),
            ("limit", "POST", "/limit", &limited),
            ("twin", "POST", "/twin", &twin),
        ],
    );
    assert_eq!(site.ask("GET /t/fresh").status, 404);
    assert_eq!(site.ask("POST /t/create").body, "\"done\"");
    assert_eq!(site.ask("GET /t/fresh").body, "1");
    let conflict = site.ask("POST /t/again").body;
    assert!(
        conflict.starts_with("\"Conflict ") && conflict.contains("route pattern conflicts detected:"),
        "{conflict}"
    );
    assert_eq!(site.ask("GET /t/fresh").body, "1");
    assert_eq!(site.ask("POST /t/update").body, "\"done\"");
    assert_eq!((site.ask("GET /t/fresh").status, site.ask("GET /t/moved").status), (404, 200));
    let moved = site.ask("POST /t/move").body;
    assert!(
        moved.contains("Conflict") && moved.contains("cannot change server address while running"),
        "{moved}"
    );
    assert_eq!(site.ask("POST /t/limit").body, "\"done\"");
    let twin = site.ask("POST /t/twin").body;
    assert!(twin.contains("AlreadyExists") && twin.contains("router prefix already exists"), "{twin}");
    assert_eq!(site.ask("POST /t/delete").body, "\"done\"");
    assert_eq!(site.ask("GET /t/moved").status, 404);
    let Outcome { code, err, .. } = site.end();
    assert_eq!(code, 0);
    assert_eq!(err.matches("service app:gateway is Starting").count(), 1, "{err}");
}

#[test]
fn a_client_that_goes_away_cancels_the_call() {
    let mut site = site(
        "",
        &[(
            "wait",
            "GET",
            "/wait",
            "print('began') local e = process.events():receive() print('heard ' .. tostring(e.kind)) return 1",
        )],
    );
    let mut stream = connect(&site.address);
    write!(stream, "GET /t/wait HTTP/1.1\r\nHost: h\r\n\r\n").expect("written");
    site.app.until("began", 1);
    drop(stream);
    site.app.until("heard pid.cancel", 1);
    assert_eq!(site.end().code, 0);
}

#[test]
fn a_stopping_server_finishes_requests() {
    let mut site = site("", &[("wait", "GET", "/wait", "print('began') time.sleep('300ms') return 'done'")]);
    let mut stream = connect(&site.address);
    write!(stream, "GET /t/wait HTTP/1.1\r\nHost: h\r\n\r\n").expect("written");
    site.app.until("began", 1);
    site.app.signal("-TERM");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the connection ends");
    assert!(answer.ends_with("\"done\""), "{answer}");
    assert_eq!(site.app.end().code, 0);
}

#[test]
fn requests_act_as_their_server() {
    let there = address(8085);
    let entries = server(&there, "").replace(
        "lifecycle: {auto_start: true}",
        "lifecycle: {auto_start: true, security: {actor: {id: 'web:guest'}, policies: [calls]}}",
    ) + "  - {name: calls, kind: security.policy, policy: {actions: funcs.call, resources: 'app:open', effect: allow}}\n"
        + &endpoint("who", "GET", "/who", "return security.actor():id()")
        + &endpoint("open", "GET", "/open", "return 1")
        + &endpoint(
            "ask",
            "GET",
            "/ask",
            "local _, e = funcs.call('app:who') return {funcs.call('app:open'), e:kind()}",
        );
    let site = start(&["run"], Scratch::with("src/_index.yaml", entries), &there);
    assert_eq!(site.ask("GET /t/who").body, "\"web:guest\"");
    assert_eq!(site.ask("GET /t/ask").body, "[1,\"PermissionDenied\"]");
    assert_eq!(site.end().code, 0);
}

#[test]
fn an_address_that_is_taken_is_tried_again() {
    let there = address(8085);
    let taken = std::net::TcpListener::bind(&there).expect("nobody else is there");
    let entries = server(&there, "").replace(
        "lifecycle: {auto_start: true}",
        "lifecycle: {auto_start: true, restart: {initial_delay: 10ms, max_delay: 50ms}}",
    ) + &endpoint("v", "GET", "/v", "return 1");
    let mut app = Watched::start(Scratch::with("src/_index.yaml", entries));
    app.until(&format!("cannot listen on {there}"), 2);
    drop(taken);
    app.until("service app:gateway is Running", 1);
    assert_eq!(ask(&there, "GET /t/v", "").body, "1");
    app.signal("-TERM");
    assert_eq!(app.end().code, 0);
}

#[test]
fn what_cannot_be_served_is_refused_at_boot() {
    let boot = |entries: String| wippy(&["run"]).within(&Scratch::with("src/_index.yaml", entries)).outcome();
    let gateway = server(":1", "");
    for (entries, part) in [
        (
            gateway.replace("addr: \":1\"", "addr: \":1\", tls: {mode: manual, cert: a, key: b}"),
            "tls of app:gateway: TLS is not supported by this build",
        ),
        (
            gateway.replace("addr: \":1\"", "addr: \":1\", network: other"),
            "network of app:gateway: an overlay network is not supported",
        ),
        (gateway.replace("addr: \":1\", ", ""), "app:gateway lacks the key \"addr\""),
        (
            gateway.replace("/t", "/t, middleware: [corse]"),
            "failed to create middleware: unknown middleware \"corse\" (did you mean \"cors\"?)",
        ),
        (
            gateway.replace("/t", "/t, middleware: [token_auth]"),
            "middleware \"token_auth\" is not supported by this build",
        ),
        (
            gateway.replace("/t", "/t, middleware: [cors], options: {cors.max.age: x}"),
            "cors.max.age must be a number",
        ),
        (gateway.replace("server: gateway", "server: gate"), "there is no entry app:gate"),
        (gateway.clone() + &endpoint("v", "GET", "v", "return 1"), "a path must start with '/'"),
        (
            gateway.clone() + &endpoint("v", "get", "/v", "return 1"),
            "method of app:v.endpoint must be one of GET",
        ),
        (
            gateway.clone() + &endpoint("v", "GET", "/v", "return 1").replace("func: v", "func: w"),
            "there is no entry app:w",
        ),
        (
            gateway.clone()
                + &endpoint("v", "GET", "/{a}", "return 1")
                + &endpoint("w", "GET", "/:b", "return 1"),
            "route pattern conflicts detected:\n  - GET /t/{a} (app:v.endpoint) conflicts with GET /t/{b} (app:w.endpoint)",
        ),
        (
            gateway.clone()
                + "  - {name: s, kind: http.static, meta: {server: gateway}, path: /s, fs: files}\n",
            "kind \"http.static\" is not supported by this build",
        ),
    ] {
        let outcome = boot(entries);
        assert_eq!(outcome.code, 1, "{part}");
        assert!(
            outcome.err.replace("\n  help: ", " (").contains(part)
                || outcome.err.contains(part.split(" (did").next().unwrap_or(part)),
            "{part}:\n{}",
            outcome.err
        );
    }
}

/// The application of the example, and the template, serve what their pages say.
#[test]
fn the_example_and_the_template_serve() {
    let there = address(8080);
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/apps/web-notes");
    let mut app = Watched::of(wippy(&["run", "-o", &format!("app:gateway:addr={there}")]).at(&example));
    app.until("service app:gateway is Running", 1);
    let ask = |request: &str, body: &str| {
        let reply = ask(&there, request, body);
        (reply.status, reply.body)
    };
    assert_eq!(ask("GET /api/notes", ""), (200, "[]".to_owned()));
    let mut events = connect(&there);
    write!(events, "GET /api/notes/events HTTP/1.1\r\nHost: h\r\n\r\n").expect("written");
    // Whoever is listened to is subscribed to when the head comes.
    let mut seen = vec![0; 12];
    events.read_exact(&mut seen).expect("the head comes");
    assert_eq!(
        ask("POST /api/notes", "{\"text\": \"milk\"}"),
        (201, "{\"id\":1,\"text\":\"milk\"}".to_owned())
    );
    while !String::from_utf8_lossy(&seen).contains("event: note\ndata: {") {
        let mut piece = [0; 1000];
        let length = events.read(&mut piece).expect("more comes");
        assert!(length > 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&piece[..length]);
    }
    drop(events);
    assert_eq!(ask("GET /api/notes/1", "").0, 200);
    assert_eq!(ask("DELETE /api/notes/1", "").0, 200);
    assert_eq!(ask("GET /api/notes/1", ""), (404, "{\"error\":\"no such note\"}".to_owned()));
    assert_eq!(ask("GET /api/notes/x", "").0, 404);
    assert_eq!(ask("POST /api/notes", "{}").0, 422);
    assert_eq!(ask("POST /api/notes", "{").0, 400);
    app.signal("-TERM");
    assert_eq!(app.end().code, 0);

    let folder = Scratch::new();
    assert_eq!(wippy(&["new", "h", "--template", "http"]).within(&folder).outcome().code, 0);
    let there = address(8080);
    let mut app =
        Watched::of(wippy(&["run", "-o", &format!("app:gateway:addr={there}")]).below(&folder, "h"));
    app.until("service app:gateway is Running", 1);
    let reply = self::ask(&there, "GET /api/hello/Ada?loud", "");
    assert_eq!((reply.status, reply.body.as_str()), (200, "{\"greeting\":\"HELLO, ADA!\"}"));
    app.signal("-TERM");
    assert_eq!(app.end().code, 0);
    let linted = wippy(&["lint"]).below(&folder, "h").outcome();
    assert_eq!(linted.code, 0, "{}", linted.out);
}
