//! A static file server on the loopback address, with the features of any static host.
//!
//! It sends the `.br` or `.gz` copy if it exists and the browser accepts it, lets hashed files be cached for
//! ever and everything else never, and can serve the folder under a path as well as at the root.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use tower_http::services::ServeDir;

/// Headers that `docs/hosting.md` advises every host to send. The page's own policy is in `index.html`.
const SAFETY_HEADERS: [(&str, &str); 2] = [
    // A page that opens this one in a window has no access to it.
    ("cross-origin-opener-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
];

/// Policy of the worker, which inherits none from the page: it loads scripts and the module of this origin only.
const WORKER_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'";

/// Options of the server.
#[derive(Clone, Default)]
pub struct Options {
    /// Also serve the folder under this path (`/some/path`).
    pub also_under: Option<String>,
    /// Also send the header that makes a page cross-origin isolated.
    pub isolated: bool,
    /// Reload the open page when this number changes.
    pub reload_on: Option<Arc<AtomicU64>>,
    /// Routes that take precedence over files.
    pub routes: Option<Router>,
}

/// Binds the first free port from `first_port` on; 0 means any.
pub fn bind(first_port: u16) -> Result<TcpListener> {
    let mut last_error = None;
    for port in first_port..=first_port.saturating_add(if first_port == 0 { 0 } else { 99 }) {
        match TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))) {
            Ok(listener) => return Ok(listener),
            Err(error) => last_error = Some(error),
        }
    }
    Err(last_error.context("no port to try")?).with_context(|| {
        format!(
            "no free port from {first_port} to {} on 127.0.0.1",
            first_port.saturating_add(99)
        )
    })
}

/// Serves `dir` from another thread until the program ends.
pub fn serve_in_background(listener: TcpListener, dir: &Path, options: Options) -> Result<SocketAddr> {
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    let router = router(dir, options);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    thread::spawn(move || {
        let served = runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            axum::serve(listener, router).await
        });
        if let Err(error) = served {
            eprintln!("the server stopped: {error}");
        }
    });
    Ok(address)
}

fn router(dir: &Path, options: Options) -> Router {
    let files = || ServeDir::new(dir).precompressed_br().precompressed_gzip();
    let mut router = options.routes.clone().unwrap_or_default();
    if let Some(build) = options.reload_on.clone() {
        router = router
            .route(
                "/__build",
                get(move || async move { build.load(Ordering::Relaxed).to_string() }),
            )
            .route(
                "/__reload.js",
                get(|| async { ([(CONTENT_TYPE, "text/javascript")], RELOAD_SCRIPT) }),
            );
    }
    if let Some(path) = &options.also_under {
        router = router.nest_service(path, files());
    }
    router
        .fallback_service(files())
        .layer(from_fn_with_state(options, add_headers))
}

/// Script that polls once a second for a newer build. Served only with `--watch`, never part of the page.
const RELOAD_SCRIPT: &str = r#"
let known;
setInterval(async () => {
  const build = await fetch("/__build").then((answer) => answer.text()).catch(() => known);
  if (known !== undefined && build !== known) location.reload();
  known = build;
}, 1000);
"#;

async fn add_headers(State(options): State<Options>, request: Request, next: Next) -> Response {
    let hashed = request.uri().path().contains("/assets/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let caching = if hashed {
        "public, max-age=31536000, immutable"
    } else {
        "no-store"
    };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    for (name, value) in SAFETY_HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if hashed {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(WORKER_POLICY));
    }
    if options.isolated {
        let name = HeaderName::from_static("cross-origin-embedder-policy");
        headers.insert(name, HeaderValue::from_static("require-corp"));
    }
    let is_html = headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if options.reload_on.is_some() && is_html {
        // A `Link` header cannot run a script, and the files on disk must not change, so the
        // refresh script is inserted before the body.
        return prepend_reload_script(response).await;
    }
    response
}

async fn prepend_reload_script(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        return Response::from_parts(parts, axum::body::Body::empty());
    };
    let mut html = String::from_utf8_lossy(&bytes).into_owned();
    if let Some(at) = html.find("</head>") {
        html.insert_str(at, "<script type=\"module\" src=\"/__reload.js\"></script>");
    }
    parts.headers.remove(axum::http::header::CONTENT_LENGTH);
    Response::from_parts(parts, axum::body::Body::from(html))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpStream;

    fn get(address: SocketAddr, path: &str, accept: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: {accept}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).to_lowercase()
    }

    fn folder(name: &str) -> std::path::PathBuf {
        let dir = crate::command::target_dir().join("xtask/tests").join(name);
        std::fs::create_dir_all(dir.join("assets")).unwrap();
        std::fs::write(dir.join("index.html"), "<html><head></head>hello</html>").unwrap();
        std::fs::write(dir.join("assets/app-1.wasm"), b"\0asm plain").unwrap();
        std::fs::write(dir.join("assets/app-1.wasm.br"), b"squeezed").unwrap();
        dir
    }

    #[test]
    fn serves_types_copies_and_cache_rules_at_the_root_and_under_a_path() {
        let options = Options {
            also_under: Some("/deep/path".into()),
            isolated: true,
            ..Options::default()
        };
        let address =
            serve_in_background(bind(0).unwrap(), &folder("server"), options).expect("the server starts");
        for base in ["/", "/deep/path/"] {
            let page = get(address, base, "identity");
            assert!(
                page.starts_with("http/1.1 200") && page.ends_with("hello</html>"),
                "{page}"
            );
            assert!(
                page.contains("cache-control: no-store") && page.contains("text/html"),
                "{page}"
            );
            assert!(
                page.contains("cross-origin-embedder-policy: require-corp"),
                "{page}"
            );

            assert!(
                page.contains("cross-origin-opener-policy: same-origin")
                    && page.contains("x-content-type-options: nosniff"),
                "{page}"
            );

            let module = get(address, &format!("{base}assets/app-1.wasm"), "gzip, br");
            assert!(module.contains("content-type: application/wasm"), "{module}");
            assert!(
                module.contains("content-encoding: br") && module.ends_with("squeezed"),
                "{module}"
            );
            assert!(module.contains("immutable"), "{module}");
            assert!(
                module.contains("content-security-policy: default-src 'none'"),
                "{module}"
            );
            let plain = get(address, &format!("{base}assets/app-1.wasm"), "identity");
            assert!(
                plain.ends_with("asm plain") && !plain.contains("content-encoding"),
                "{plain}"
            );
        }
        assert!(get(address, "/nothing-here", "identity").starts_with("http/1.1 404"));
        assert!(get(address, "/../Cargo.toml", "identity").starts_with("http/1.1 4"));
    }

    #[test]
    fn a_busy_port_is_passed_over() {
        let first = bind(18_080).unwrap();
        let second = bind(18_080).unwrap();
        assert_ne!(
            first.local_addr().unwrap().port(),
            second.local_addr().unwrap().port()
        );
    }

    #[test]
    fn watching_adds_the_reload_script_to_html_only() {
        let options = Options {
            reload_on: Some(Arc::new(AtomicU64::new(7))),
            ..Options::default()
        };
        let address = serve_in_background(bind(0).unwrap(), &folder("watch"), options).unwrap();
        assert!(get(address, "/", "identity").contains("/__reload.js"));
        assert!(get(address, "/__build", "identity").ends_with('7'));
        assert!(!get(address, "/assets/app-1.wasm", "identity").contains("__reload"));
    }
}
