//! The callers of one process, taking turns.

use std::collections::BTreeMap;

use simperium::Api;
use tokio::time::Instant;

use super::bare::Bare;
use super::calls::{Caller, TOKEN, Way, request};
use super::ours::{self, Note};
use super::socket::Socket;
use crate::Result;

pub(super) fn take(
    way: Way,
    host: &str,
    turns: u32,
    calls: u32,
) -> Result<BTreeMap<&'static str, Vec<f64>>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut socket = Socket::open(host, TOKEN)?;
        let mut bare = Bare::open(host).await?;
        let api = Api::builder("bench", TOKEN)
            .host(format!("http://{host}"))
            .build()?;
        let note = api.bucket_as::<Note>("note")?;
        let mut seconds = BTreeMap::<_, Vec<f64>>::new();
        let mut number = 0;
        for turn in 0..=turns {
            for caller in Caller::ALL {
                let begun = Instant::now();
                for _ in 0..calls {
                    number += 1;
                    match caller {
                        Caller::Floor => {
                            let (method, target, body) = request(way, number)?;
                            socket.ask(method, &target, &body)?;
                        }
                        Caller::Hyper => {
                            let (method, target, body) = request(way, number)?;
                            bare.ask(method.parse()?, &target, body).await?;
                        }
                        Caller::Ours => ours::once(&note, way, number).await?,
                    }
                }
                if turn > 0 {
                    let each = begun.elapsed().as_secs_f64() / f64::from(calls);
                    seconds.entry(caller.name()).or_default().push(each);
                }
            }
        }
        Ok(seconds)
    })
}
