//! Compressed answers: whole, in pieces, cut, broken, and as bombs.

use bytes::Bytes;
use sync_core::transport::TransportErrorKind;
use sync_core::{Body, CallOptions, Error, ErrorKind};

use crate::support::*;

#[allow(dead_code, reason = "each coding's tests are by feature")]
const TEXT: &str = "The quick brown fox jumps over the lazy dog. ";

/// Calls for an answer with this coding and body.
async fn get(
    coding: &'static str,
    body: impl Fn() -> Body + Send + Sync + 'static,
) -> Result<Bytes, Error> {
    let transport = replies(move |_| Ok(with(ok(body()), "content-encoding", coding)));
    let options = CallOptions::new().retry(attempts(1)).max_body(1 << 30);
    builder(transport)
        .options(options)
        .build()
        .unwrap()
        .call(&GET)
        .await
}

#[allow(dead_code, reason = "each coding's tests are by feature")]
mod check {
    use super::*;

    pub(super) async fn decodes(coding: &'static str, data: &[u8], expected: &[u8]) {
        for size in [data.len(), 1, 2, 7, 1000] {
            let pieces: Vec<Bytes> = data.chunks(size).map(Bytes::copy_from_slice).collect();
            let body = get(coding, move || one_shot(pieces.clone())).await.unwrap();
            assert!(
                body == expected,
                "{coding} in pieces of {size}: {} bytes",
                body.len()
            );
        }
    }

    /// A body of which only a part came is never taken for the whole.
    pub(super) async fn refuses_every_cut(coding: &'static str, data: &'static [u8]) {
        for length in 1..data.len() {
            let error = get(coding, move || data[..length].into_body()).await;
            let error = error.expect_err(&format!("{coding} cut to {length} bytes"));
            assert_eq!(
                error.kind(),
                ErrorKind::Transport(TransportErrorKind::Body),
                "{length}"
            );
        }
    }

    pub(super) async fn refuses(coding: &'static str, data: Vec<u8>) {
        let error = get(coding, move || Body::from(data.clone()))
            .await
            .unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::Transport(TransportErrorKind::Body),
            "{coding}"
        );
    }

    /// A bomb is stopped soon after the ratio is passed, by either limit.
    pub(super) async fn survives(coding: &'static str, bomb: Vec<u8>) {
        let compressed = bomb.len() as u64;
        let body = Bytes::from(bomb);
        let copy = body.clone();
        let error = get(coding, move || Body::from(copy.clone()))
            .await
            .unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::Transport(TransportErrorKind::TooLarge)
        );
        assert!(format!("{error:?}").contains("200 times"), "{error:?}");

        let copy = body.clone();
        let transport = replies(move |_| Ok(with(ok(copy.clone()), "content-encoding", coding)));
        let options = CallOptions::new().max_body(100_000).max_ratio(u32::MAX);
        let client = builder(transport).options(options).build().unwrap();
        let error = client.call(&GET).await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::Transport(TransportErrorKind::TooLarge)
        );

        // As a stream: small pieces, and no more than the ratio allows.
        let mut streamed = client
            .call(&GET)
            .with_options(|_| CallOptions::new())
            .stream()
            .await
            .unwrap()
            .into_body();
        let (mut sum, mut largest) = (0, 0);
        let error = loop {
            match streamed.chunk().await.unwrap() {
                Ok(piece) => {
                    largest = largest.max(piece.len());
                    sum += piece.len() as u64;
                }
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), TransportErrorKind::TooLarge);
        assert!(largest <= 256 << 10, "{largest}");
        assert!(sum <= (compressed * 200).max(1 << 20), "{sum}");
    }

    trait IntoBody {
        fn into_body(self) -> Body;
    }

    impl IntoBody for &'static [u8] {
        fn into_body(self) -> Body {
            Bytes::from_static(self).into()
        }
    }

    pub(super) fn unhex(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex
            .bytes()
            .map(|c| (c as char).to_digit(16).unwrap() as u8)
            .collect();
        digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_coding_that_was_not_asked_for_is_an_error_and_is_not_tried_again() {
    for coding in ["compress", "deflate", "gzip, gzip", "gzip, br", "\u{e9}"] {
        let transport = replies(move |_| Ok(with(ok("data"), "content-encoding", coding)));
        let error = pipeline(transport).call(&GET).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{coding}");
        assert_eq!(error.attempts(), 1, "{coding}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_coding_and_the_identity_leave_the_body_as_it_is() {
    for coding in ["identity", "", " Identity ,"] {
        assert_eq!(get(coding, || Body::from("data")).await.unwrap(), "data");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_in_a_coding_that_was_not_asked_for_is_still_that_error() {
    let transport = replies(|_| Ok(with(status(404), "content-encoding", "compress")));
    let error = pipeline(transport).call(&GET).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 404);
}

#[cfg(feature = "gzip")]
mod gzip {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use futures_util::{StreamExt as _, stream};
    use sync_core::testing::mock;

    use super::check::*;
    use super::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn gzip_is_decoded_in_pieces_of_any_size() {
        let text = TEXT.repeat(3000);
        decodes("gzip", &gzip(text.as_bytes()), text.as_bytes()).await;
        decodes("X-GZip", &gzip(text.as_bytes()), text.as_bytes()).await;
        decodes("gzip", &gzip(b""), b"").await;
    }

    #[tokio::test(start_paused = true)]
    async fn several_members_are_one_body() {
        let data = [gzip(b"one "), gzip(b""), gzip(b"two")].concat();
        decodes("gzip", &data, b"one two").await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_header_with_all_optional_fields_is_understood() {
        let builder = flate2::GzBuilder::new()
            .filename("name")
            .comment("comment")
            .extra([1, 2, 3]);
        let mut encoder = builder.write(Vec::new(), Compression::fast());
        encoder.write_all(b"data").unwrap();
        decodes("gzip", &encoder.finish().unwrap(), b"data").await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_cut_body_is_never_taken_for_the_whole() {
        let data = gzip(TEXT.repeat(20).as_bytes()).leak();
        refuses_every_cut("gzip", data).await;
    }

    #[tokio::test(start_paused = true)]
    async fn garbage_and_wrong_checksums_are_refused() {
        refuses("gzip", b"not gzip at all, but long enough".to_vec()).await;
        let mut wrong = gzip(b"data");
        let crc = wrong.len() - 8;
        wrong[crc] ^= 1;
        refuses("gzip", wrong).await;
        let mut trailing = gzip(b"data");
        trailing.extend(b"garbage after the end");
        refuses("gzip", trailing).await;
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_body_may_be_labelled() {
        assert_eq!(get("gzip", Body::empty).await.unwrap(), "");
        let transport = replies(|_| Ok(with(status(404), "content-encoding", "gzip")));
        let error = pipeline(transport).call(&GET).await.unwrap_err();
        assert_eq!(error.status().unwrap(), 404);
    }

    #[tokio::test(start_paused = true)]
    async fn the_headers_of_the_coded_form_go_with_it() {
        let data = gzip(b"four");
        let transport = replies(move |_| {
            let answer = with(ok(data.clone()), "content-encoding", "gzip");
            Ok(with(answer, "content-length", &data.len().to_string()))
        });
        let answer = pipeline(transport).call(&GET).send_full().await.unwrap();
        assert!(answer.headers().is_empty(), "{:?}", answer.headers());
        assert_eq!(answer.body(), "four");
    }

    #[tokio::test(start_paused = true)]
    async fn a_gzip_bomb_is_stopped() {
        survives("gzip", gzip(&vec![0; 64 << 20])).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_size_limit_counts_what_was_decompressed() {
        let data = gzip(&[0; 5000]);
        let transport = replies(move |_| Ok(with(ok(data.clone()), "content-encoding", "gzip")));
        let client = pipeline(transport);
        let limit = |bytes| move |options: CallOptions| options.max_body(bytes);
        assert_eq!(
            client
                .call(&GET)
                .with_options(limit(5000))
                .await
                .unwrap()
                .len(),
            5000
        );
        client
            .call(&GET)
            .with_options(limit(4999))
            .await
            .unwrap_err();
    }

    #[tokio::test(start_paused = true)]
    async fn the_body_of_an_error_is_decompressed_too_and_bounded() {
        let data = gzip(TEXT.repeat(1 << 20).as_bytes());
        let transport = replies(move |_| {
            let answer = mock::response(http::StatusCode::BAD_REQUEST, data.clone());
            Ok(with(answer, "content-encoding", "gzip"))
        });
        let error = pipeline(transport).call(&GET).await.unwrap_err();
        assert!(error.snippet().unwrap().starts_with(TEXT));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_flushed_by_the_server_does_not_wait_for_more() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(b"an event").unwrap();
        encoder.flush().unwrap();
        let start = Bytes::copy_from_slice(encoder.get_ref());
        let transport = replies(move |_| {
            let start = stream::iter([std::io::Result::Ok(start.clone())]);
            let body = Body::from_stream(start.chain(stream::pending()));
            Ok(with(ok(body), "content-encoding", "gzip"))
        });
        let mut body = pipeline(transport)
            .call(&GET)
            .stream()
            .await
            .unwrap()
            .into_body();
        assert_eq!(body.chunk().await.unwrap().unwrap(), "an event");
    }
}

#[cfg(feature = "brotli")]
mod brotli {
    use super::check::*;
    use super::*;

    /// [`TEXT`] 40 times, by the reference encoder.
    const FORTY: &str = "1b0707882c0e78d3d0955d9710bb172ba9cad092cc8cad415ce6f236c8199e9e0a7b83\
                         0d387048206f24bf41a715ce1c1e27aa2938c2a9749f0603";

    #[tokio::test(start_paused = true)]
    async fn brotli_is_decoded_in_pieces_of_any_size() {
        decodes("br", &unhex(FORTY), TEXT.repeat(40).as_bytes()).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_cut_body_is_never_taken_for_the_whole() {
        refuses_every_cut("br", unhex(FORTY).leak()).await;
    }

    #[tokio::test(start_paused = true)]
    async fn garbage_is_refused() {
        refuses("br", vec![0xff; 100]).await;
        let mut trailing = unhex(FORTY);
        trailing.extend(b"garbage after the end");
        refuses("br", trailing).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_brotli_bomb_is_stopped() {
        // 64 MiB of zeros.
        survives("br", unhex(BOMB)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_few_bytes_stand_for_comes_out_whole() {
        let transport = replies(|_| Ok(with(ok(unhex(BOMB)), "content-encoding", "br")));
        let options = CallOptions::new().max_ratio(u32::MAX);
        let client = builder(transport).options(options).build().unwrap();
        let body = client.call(&GET).await.unwrap();
        assert!(body == vec![0; 64 << 20]);
    }

    const BOMB: &str = "cbffff3ff82700e2b14020f7fe8fffff7ff04f00c4611180eefd1fffffffe09f0088c30200ddfb3f\
                        feffffc13f0110870500baf77ffcffff837f02200e0b0074effff8ffff07ff04401c1600e8defff1\
                        ffff0ffe0980382c00d0bdffcbffff3ffc1300715800a07bff07";
}

#[cfg(feature = "zstd")]
mod zstd {
    use super::check::*;
    use super::*;

    /// [`TEXT`] 40 times, by the reference encoder.
    const FORTY: &str = "28b52ffd0068b50100d40254686520717569636b2062726f776e20666f78206a756d70\
                         73206f76657220746865206c617a7920646f672e200100c516feaa0c";
    /// The same with a checksum.
    const CHECKED: &str = "28b52ffd0468b50100d40254686520717569636b2062726f776e20666f78206a756d70\
                           73206f76657220746865206c617a7920646f672e200100c516feaa0cd7fc9310";

    #[tokio::test(start_paused = true)]
    async fn zstd_is_decoded_in_pieces_of_any_size() {
        for data in [FORTY, CHECKED] {
            decodes("zstd", &unhex(data), TEXT.repeat(40).as_bytes()).await;
        }
        // A frame of a single segment, with one byte for its size.
        decodes("zstd", &unhex("28b52ffd2003190000616263"), b"abc").await;
    }

    #[tokio::test(start_paused = true)]
    async fn several_frames_are_one_body() {
        let data = [unhex(CHECKED), unhex(FORTY), unhex(CHECKED)].concat();
        decodes("zstd", &data, TEXT.repeat(120).as_bytes()).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_cut_body_is_never_taken_for_the_whole() {
        refuses_every_cut("zstd", unhex(FORTY).leak()).await;
        refuses_every_cut("zstd", unhex(CHECKED).leak()).await;
    }

    #[tokio::test(start_paused = true)]
    async fn garbage_is_refused() {
        refuses("zstd", vec![0xff; 100]).await;
        let mut trailing = unhex(FORTY);
        trailing.extend(b"garbage after the end");
        refuses("zstd", trailing).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_zstd_bomb_is_stopped() {
        // A window of 1 MiB, then blocks of one byte that stands for 128 KiB.
        let mut bomb = unhex("28b52ffd0050");
        for _ in 0..500 {
            let block: u32 = 1 << 1 | (128 << 10) << 3;
            bomb.extend(&block.to_le_bytes()[..3]);
            bomb.push(0);
        }
        survives("zstd", bomb).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_that_no_answer_may_use_is_refused() {
        // 100 MiB, and a single segment of 1 GiB.
        refuses("zstd", unhex("28b52ffd008c190000616263")).await;
        refuses("zstd", unhex("28b52ffda000000040190000616263")).await;
        // 8 MiB is the largest allowed.
        decodes("zstd", &unhex("28b52ffd0068190000616263"), b"abc").await;
    }
}
