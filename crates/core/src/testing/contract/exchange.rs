//! One request, one answer, nothing of the transport's own.

use http::header::{HOST, HeaderValue};
use http::{Method, Request};

use super::check::{Context, Outcome, ensure, get, post, single, text};
use super::contracts;
use crate::testing::{Reply, Script};
use crate::transport::Body;

contracts![
    one_request_is_one_exchange,
    every_status_is_an_answer,
    a_redirect_is_not_followed,
    no_credential_is_added,
    cookies_are_not_kept,
    nothing_is_decoded,
    the_host_comes_from_the_uri,
    a_given_host_is_kept,
    path_and_query_go_out_byte_for_byte,
    header_values_may_be_any_bytes,
    repeated_headers_are_kept,
    large_heads_pass,
    an_answer_to_head_has_no_body,
    a_204_and_a_304_have_no_body,
    informational_answers_are_skipped over http1,
    an_answer_may_come_byte_by_byte over http1,
    unknown_methods_pass,
];

async fn one_request_is_one_exchange(context: Context) -> Outcome {
    let server = context.serve(|_| Reply::ok().body("hello")).await?;
    let answer = context.send(post(&server.url("/a?b=c"), "data")?).await?;
    ensure!(answer.status() == 200, "the status is {}", answer.status());
    let text = text(answer).await?;
    ensure!(text == "hello", "the body is {text:?}");
    let request = single(server.requests())?;
    ensure!(
        request.method == Method::POST,
        "the method is {}",
        request.method
    );
    ensure!(
        request.target == "/a?b=c",
        "the target is {}",
        request.target
    );
    ensure!(
        request.body == "data",
        "the request's body is {:?}",
        request.body
    );
    ensure!(
        server.connections() == 1,
        "{} connections",
        server.connections()
    );
    Ok(())
}

async fn every_status_is_an_answer(context: Context) -> Outcome {
    let server = context
        .serve(|request| {
            let status = request
                .path()
                .trim_start_matches('/')
                .parse()
                .unwrap_or(200);
            Reply::new(status).body("why")
        })
        .await?;
    for status in [201, 300, 400, 401, 404, 408, 418, 429, 500, 503, 599] {
        let answer = context.get(&server.url(&format!("/{status}"))).await?;
        ensure!(
            answer.status() == status,
            "{status} became {}",
            answer.status()
        );
        let text = text(answer).await?;
        ensure!(text == "why", "the body of {status} is {text:?}");
    }
    ensure!(
        server.executions() == 11,
        "{} requests came instead of 11",
        server.executions()
    );
    Ok(())
}

async fn a_redirect_is_not_followed(context: Context) -> Outcome {
    let server = context
        .serve(|request| match request.path() {
            "/old" => Reply::new(302).header("location", "/new"),
            _ => Reply::ok(),
        })
        .await?;
    let answer = context.get(&server.url("/old")).await?;
    ensure!(answer.status() == 302, "the status is {}", answer.status());
    ensure!(
        answer
            .headers()
            .get("location")
            .is_some_and(|location| location == "/new"),
        "the location is lost"
    );
    ensure!(
        server.executions() == 1,
        "{} requests came",
        server.executions()
    );
    Ok(())
}

async fn no_credential_is_added(context: Context) -> Outcome {
    let server = context
        .serve(|_| Reply::new(401).header("www-authenticate", "Basic"))
        .await?;
    let url = server.url("/").replacen("://", "://user:secret@", 1);
    // A transport may also refuse such a URI.
    if let Ok(answer) = context.send(get(&url)?).await {
        ensure!(answer.status() == 401, "the status is {}", answer.status());
    }
    for request in server.requests() {
        for name in ["authorization", "proxy-authorization", "cookie", "referer"] {
            ensure!(
                !request.headers.contains_key(name),
                "a {name} header was made up"
            );
        }
        let host = request.header("host").unwrap_or_default();
        ensure!(
            !host.contains("secret"),
            "user info went into the Host header"
        );
    }
    Ok(())
}

async fn cookies_are_not_kept(context: Context) -> Outcome {
    let server = context
        .serve(|_| Reply::ok().header("set-cookie", "a=b"))
        .await?;
    for _ in 0..2 {
        let answer = context.get(&server.url("/")).await?;
        ensure!(
            answer.headers().contains_key("set-cookie"),
            "set-cookie is lost"
        );
        text(answer).await?;
    }
    let sent = server
        .requests()
        .iter()
        .any(|request| request.headers.contains_key("cookie"));
    ensure!(!sent, "a cookie came back");
    Ok(())
}

async fn nothing_is_decoded(context: Context) -> Outcome {
    // Not gzip at all: whoever decodes it fails.
    let server = context
        .serve(|_| Reply::ok().header("content-encoding", "gzip").body("raw"))
        .await?;
    let answer = context.get(&server.url("/")).await?;
    ensure!(
        answer.headers().contains_key("content-encoding"),
        "content-encoding is lost"
    );
    let text = text(answer).await?;
    ensure!(text == "raw", "the body is {text:?}");
    Ok(())
}

async fn the_host_comes_from_the_uri(context: Context) -> Outcome {
    let server = context.serve(|_| Reply::ok()).await?;
    context.get(&server.url("/")).await?;
    let request = single(server.requests())?;
    let hosts = request.headers.get_all(HOST).iter().count();
    ensure!(hosts == 1, "{hosts} Host headers");
    let host = request.header("host").unwrap_or_default();
    ensure!(host == server.authority(), "Host is {host}");
    Ok(())
}

async fn a_given_host_is_kept(context: Context) -> Outcome {
    let server = context.serve(|_| Reply::ok()).await?;
    let mut request = get(&server.url("/"))?;
    request
        .headers_mut()
        .insert(HOST, HeaderValue::from_static("daemon.example"));
    context.send(request).await?;
    let request = single(server.requests())?;
    let hosts: Vec<_> = request.headers.get_all(HOST).iter().collect();
    ensure!(hosts == ["daemon.example"], "Host is {hosts:?}");
    Ok(())
}

async fn path_and_query_go_out_byte_for_byte(context: Context) -> Outcome {
    let targets = [
        "/a%2Fb/%e4%F6/c+d;x=1?q=%20+&r=a%2Bb&&empty=&flag",
        "/",
        "/?",
        "/a/../b//c/./",
        "/?q=%00'()*!~[]",
    ];
    let server = context.serve(|_| Reply::ok()).await?;
    for target in targets {
        let answer = context.get(&server.url(target)).await?;
        text(answer).await?;
        let came = server
            .requests()
            .pop()
            .map(|request| request.target)
            .unwrap_or_default();
        ensure!(came == target, "{target} became {came}");
    }
    Ok(())
}

async fn header_values_may_be_any_bytes(context: Context) -> Outcome {
    const VALUE: &[u8] = b"caf\xc3\xa9 \xff\t\"x\"";
    let server = context
        .serve(|_| Reply::ok().header("x-back", VALUE))
        .await?;
    let mut request = get(&server.url("/"))?;
    let value = HeaderValue::from_bytes(VALUE).map_err(http::Error::from)?;
    request.headers_mut().insert("x-there", value.clone());
    let answer = context.send(request).await?;
    let back = answer.headers().get("x-back");
    ensure!(back == Some(&value), "it came back as {back:?}");
    let request = single(server.requests())?;
    let there = request.headers.get("x-there");
    ensure!(there == Some(&value), "it went out as {there:?}");
    Ok(())
}

async fn repeated_headers_are_kept(context: Context) -> Outcome {
    let server = context
        .serve(|_| {
            Reply::ok()
                .header("x-many", "1")
                .header("x-other", "0")
                .header("x-many", "2, 3")
        })
        .await?;
    let request = Request::get(server.url("/"))
        .header("x-many", "a")
        .header("x-many", "b, c")
        .body(Body::empty())?;
    let answer = context.send(request).await?;
    let back: Vec<_> = answer.headers().get_all("x-many").iter().collect();
    ensure!(back == ["1", "2, 3"], "they came back as {back:?}");
    let request = single(server.requests())?;
    let there: Vec<_> = request.headers.get_all("x-many").iter().collect();
    ensure!(there == ["a", "b, c"], "they went out as {there:?}");
    Ok(())
}

async fn large_heads_pass(context: Context) -> Outcome {
    let large = "x".repeat(8 * 1024);
    let back = large.clone();
    let server = context
        .serve(move |_| {
            (0..4).fold(Reply::ok(), |reply, n| {
                reply.header(format!("x-large-{n}"), &back)
            })
        })
        .await?;
    let mut request = Request::get(server.url(&format!("/?{large}")));
    for n in 0..4 {
        request = request.header(format!("x-large-{n}"), &large);
    }
    let answer = context.send(request.body(Body::empty())?).await?;
    let request = single(server.requests())?;
    for n in 0..4 {
        let name = format!("x-large-{n}");
        for headers in [answer.headers(), &request.headers] {
            let length = headers.get(&name).map_or(0, HeaderValue::len);
            ensure!(length == large.len(), "{name} has {length} bytes");
        }
    }
    Ok(())
}

async fn an_answer_to_head_has_no_body(context: Context) -> Outcome {
    let server = context.serve(|_| Reply::ok().body("hello")).await?;
    let head = Request::head(server.url("/")).body(Body::empty())?;
    let answer = context.send(head).await?;
    let length = answer.headers().get("content-length").cloned();
    ensure!(
        length.is_some_and(|length| length == "5"),
        "content-length is lost"
    );
    ensure!(text(answer).await?.is_empty(), "a body was made up");
    let next = context.text(&server.url("/")).await?;
    ensure!(next == "hello", "the next answer is {next:?}");
    Ok(())
}

async fn a_204_and_a_304_have_no_body(context: Context) -> Outcome {
    let server = context
        .serve(|request| match request.path() {
            "/204" => Reply::new(204),
            "/304" => Reply::new(304).content_length(1000),
            _ => Reply::ok().body("next"),
        })
        .await?;
    for path in ["/204", "/304"] {
        let answer = context.text(&server.url(path)).await?;
        ensure!(answer.is_empty(), "the body of {path} is {answer:?}");
        let next = context.text(&server.url("/")).await?;
        ensure!(next == "next", "the answer after {path} is {next:?}");
    }
    Ok(())
}

async fn informational_answers_are_skipped(context: Context) -> Outcome {
    let script = Script::new()
        .read_request()
        .send("HTTP/1.1 100 Continue\r\n\r\n")
        .send("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n")
        .reply(Reply::ok().body("final"));
    let server = context.server().connection(script).start().await?;
    let answer = context.get(&server.url("/")).await?;
    ensure!(answer.status() == 200, "the status is {}", answer.status());
    ensure!(
        !answer.headers().contains_key("link"),
        "headers of a 103 were mixed in"
    );
    let text = text(answer).await?;
    ensure!(text == "final", "the body is {text:?}");
    server.finish().await?;
    Ok(())
}

async fn an_answer_may_come_byte_by_byte(context: Context) -> Outcome {
    let bytes = "HTTP/1.1 200 OK\r\nx-a: b\r\ntransfer-encoding: chunked\r\n\r\n\
                 5\r\nhello\r\n0\r\n\r\n";
    let script = Script::new().read_request().send_in_pieces(bytes, 1);
    let server = context.server().connection(script).start().await?;
    let text = context.text(&server.url("/")).await?;
    ensure!(text == "hello", "the body is {text:?}");
    server.finish().await?;
    Ok(())
}

async fn unknown_methods_pass(context: Context) -> Outcome {
    let server = context.serve(|_| Reply::ok()).await?;
    let method = Method::from_bytes(b"X-SYNC").map_err(http::Error::from)?;
    let request = Request::builder()
        .method(method)
        .uri(server.url("/"))
        .body(Body::empty())?;
    context.send(request).await?;
    let request = single(server.requests())?;
    ensure!(
        request.method.as_str() == "X-SYNC",
        "the method became {}",
        request.method
    );
    Ok(())
}
