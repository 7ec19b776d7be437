//! From a recorded request to the call that sends it.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use serde_json::Value;
use syncthing_rest::model::DeviceId;
use syncthing_rest::model::config::{Config, Device, Folder, Options};
use syncthing_rest::model::noauth::Login;
use syncthing_rest::{Client, Error};

use crate::Request;

/// A call that is ready to be made.
pub(crate) struct Replay {
    pub(crate) run: Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>,
    /// Whether it reads the present state before it sends the request.
    pub(crate) reads_first: bool,
}

fn run<C, T>(call: C) -> Option<Replay>
where
    C: IntoFuture<Output = Result<T, Error>>,
    C::IntoFuture: Send + 'static,
    T: Send,
{
    let call = call.into_future();
    Some(Replay {
        run: Box::pin(async move { call.await.map(drop) }),
        reads_first: false,
    })
}

/// The request as it is, without a name.
pub(crate) fn raw(client: &Client, request: &Request) -> Replay {
    let (path, query) = parts(request);
    let query: Vec<_> = query
        .iter()
        .map(|(key, value)| (&**key, &**value))
        .collect();
    let mut call = client.raw(request.method.parse().unwrap(), &path, &query);
    if let Some(body) = &request.body {
        call = call.json_body(body);
    }
    run(call).unwrap()
}

fn parts(request: &Request) -> (String, Vec<(String, String)>) {
    let (path, query) = crate::decoded(&request.path);
    let (_, in_order) = request.path.split_once('?').unwrap_or(("", ""));
    assert_eq!(in_order.is_empty(), query == [""]);
    let query = in_order.split('&').filter(|pair| !pair.is_empty());
    let pairs = query.map(|pair| {
        let (key, value) = pair.split_once('=').unwrap();
        (key.to_owned(), crate::decoded(value).0)
    });
    (path, pairs.collect())
}

/// The typed call that sends the request, if there is one.
pub(crate) fn typed(client: &Client, request: &Request) -> Option<Replay> {
    let (path, query) = parts(request);
    let arguments = Arguments {
        query,
        body: request.body.as_ref(),
    };
    let short = path.strip_prefix("/rest/").unwrap_or(&path);
    let (group, rest) = short.split_once('/').unwrap_or((short, ""));
    let call = (&*request.method, rest);
    match group {
        "system" => system(client, call, &arguments).or_else(|| logging(client, call, &arguments)),
        "config" => whole(client, call, &arguments).or_else(|| config(client, call, &arguments)),
        "db" => db(client, call, &arguments),
        "folder" => folder(client, call, &arguments),
        "cluster" => cluster(client, call, &arguments),
        "debug" => debug(client, call, &arguments),
        "svc" => svc(client, call, &arguments),
        _ => other(client, (&request.method, &path), &arguments),
    }
}

struct Arguments<'a> {
    query: Vec<(String, String)>,
    body: Option<&'a Value>,
}

impl Arguments<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        let pair = self.query.iter().find(|(found, _)| found == key);
        pair.map(|(_, value)| value.as_str())
    }

    fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        let pairs = self.query.iter().filter(move |(found, _)| found == key);
        pairs.map(|(_, value)| value.as_str())
    }

    fn device(&self) -> Option<DeviceId> {
        self.get("device")?.parse().ok()
    }

    fn number<N: std::str::FromStr>(&self, key: &str) -> Option<N> {
        self.get(key)?.parse().ok()
    }

    fn body<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_value(self.body?.clone()).ok()
    }
}

fn system(client: &Client, call: (&str, &str), arguments: &Arguments<'_>) -> Option<Replay> {
    let system = client.system();
    match (call, arguments.device()) {
        (("GET", "ping"), _) => run(system.ping()),
        (("POST", "ping"), _) => run(system.ping_post()),
        (("GET", "version"), _) => run(system.version()),
        (("GET", "status"), _) => run(system.status()),
        (("GET", "connections"), _) => run(system.connections()),
        (("GET", "discovery"), _) => run(system.discovery()),
        (("GET", "paths"), _) => run(system.paths()),
        (("GET", "browse"), _) => {
            run(system.directories(arguments.get("current").unwrap_or_default()))
        }
        (("GET", "upgrade"), _) => run(system.check_upgrade()),
        (("POST", "upgrade"), _) => run(system.upgrade()),
        (("POST", "restart"), _) => run(system.restart()),
        (("POST", "shutdown"), _) => run(system.shutdown()),
        (("POST", "reset"), _) => run(client.folder(arguments.get("folder")?).reset()),
        (("POST", "pause"), Some(device)) => run(client.device(device).pause()),
        (("POST", "resume"), None) => run(system.resume_all()),
        (("GET", "config"), _) => run(system.config()),
        (("POST", "config"), _) => run(system.set_config(&arguments.body::<Config>()?)),
        (("GET", "config/insync"), _) => run(system.config_in_sync()),
        _ => None,
    }
}

fn logging(client: &Client, call: (&str, &str), arguments: &Arguments<'_>) -> Option<Replay> {
    let system = client.system();
    let list = |key| {
        arguments
            .get(key)
            .map(|list| list.split(',').collect::<Vec<_>>())
    };
    match call {
        ("GET", "error") => run(system.errors()),
        ("POST", "error") => run(system.report_error(arguments.body::<String>()?)),
        ("POST", "error/clear") => run(system.clear_errors()),
        ("GET", "log") => run(system.log(arguments.get("since").map(|time| time.parse().unwrap()))),
        ("GET", "log.txt") => run(system.log_text(None)),
        ("GET", "debug") => run(system.debug_facilities()),
        ("POST", "debug") => run(system.set_debug_facilities(&list("enable")?, &list("disable")?)),
        ("GET", "loglevels") => run(system.log_levels()),
        ("POST", "loglevels") => {
            let levels = arguments.body?.as_object()?.iter();
            let levels = levels.map(|(name, level)| (&**name, level.as_str().unwrap().into()));
            run(system.set_log_levels(levels))
        }
        _ => None,
    }
}

/// The configuration as a whole, and its lists.
fn whole(client: &Client, call: (&str, &str), arguments: &Arguments<'_>) -> Option<Replay> {
    let config = client.config();
    match call {
        ("GET", "") => run(config.get()),
        // Without a key it is refused.
        ("PUT", "") => {
            let whole = arguments.body::<Config>()?;
            (!whole.gui.api_key.expose().is_empty()).then_some(())?;
            run(config.replace(&whole))
        }
        ("GET", "restart-required") => run(config.restart_required()),
        ("GET", "insync") => run(config.in_sync()),
        ("GET", "folders") => run(config.folders()),
        ("POST", "folders") => {
            let folder = arguments.body::<Folder>()?;
            (!folder.id.is_empty() && !folder.path.is_empty()).then_some(())?;
            run(config.add_folder(&folder))
        }
        ("GET", "devices") => run(config.devices()),
        ("POST", "devices") => run(config.add_device(&arguments.body::<Device>()?)),
        ("GET", "defaults/folder") => run(config.default_folder()),
        ("PATCH", "defaults/folder") => run(config.patch_default_folder(arguments.body?)),
        ("GET", "defaults/device") => run(config.default_device()),
        ("PATCH", "defaults/device") => run(config.patch_default_device(arguments.body?)),
        ("GET", "defaults/ignores") => run(config.default_ignores()),
        ("PUT", "defaults/ignores") => run(config.set_default_ignores(&arguments.body()?)),
        ("GET", "options") => run(config.options()),
        ("PATCH", "options") => run(config.patch_options(arguments.body?)),
        ("PUT", "options") => {
            let (config, options) = (config.clone(), arguments.body::<Options>()?);
            Some(Replay {
                run: Box::pin(async move { config.replace_options(&options).await }),
                reads_first: true,
            })
        }
        ("GET", "gui") => run(config.gui()),
        ("PATCH", "gui") => run(config.patch_gui(arguments.body?)),
        ("GET", "ldap") => run(config.ldap()),
        ("PATCH", "ldap") => run(config.patch_ldap(arguments.body?)),
        _ => None,
    }
}

/// One folder or device of the configuration.
fn config(client: &Client, call: (&str, &str), arguments: &Arguments<'_>) -> Option<Replay> {
    let (method, path) = call;
    let (list, id) = path.split_once('/')?;
    match (list, method) {
        ("folders", method) => {
            let handle = client.folder(id);
            match method {
                "GET" => run(handle.config()),
                "PATCH" => run(handle.patch(arguments.body?)),
                "DELETE" => run(handle.remove()),
                "PUT" => {
                    let folder = arguments.body::<Folder>()?;
                    (folder.id == id).then_some(())?;
                    run(handle.replace(&folder))
                }
                _ => None,
            }
        }
        ("devices", method) => {
            let handle = client.device(id.parse().ok()?);
            match method {
                "GET" => run(handle.config()),
                "PATCH" => run(handle.patch(arguments.body?)),
                "PUT" => run(handle.replace(&arguments.body::<Device>()?)),
                "DELETE" => run(handle.remove()),
                _ => None,
            }
        }
        _ => None,
    }
}

fn db(client: &Client, call: (&str, &str), arguments: &Arguments<'_>) -> Option<Replay> {
    let (folder, device) = (
        arguments.get("folder").map(|id| client.folder(id)),
        arguments.device(),
    );
    let file = arguments.get("file").unwrap_or_default();
    match (call, folder, device) {
        (("GET", "status"), Some(folder), _) => run(folder.status()),
        (("GET", "completion"), Some(folder), Some(device)) => run(folder.completion_of(device)),
        (("GET", "completion"), Some(folder), None) if arguments.get("device").is_none() => {
            run(folder.completion())
        }
        (("GET", "completion"), None, Some(device)) => run(client.device(device).completion()),
        (("GET", "browse"), Some(folder), _) => {
            let mut browse = folder
                .browse()
                .prefix(arguments.get("prefix").unwrap_or_default());
            if let Some(levels) = arguments.number("levels") {
                browse = browse.levels(levels);
            }
            if arguments.get("dirsonly").is_some() {
                browse = browse.directories_only();
            }
            run(browse)
        }
        (("GET", "file"), Some(folder), _) => run(folder.file(file)),
        (("GET", "need"), Some(folder), _) => match arguments.number("perpage") {
            Some(rows) => run(folder
                .need()
                .per_page(rows)
                .page(arguments.number::<u32>("page"))),
            None => run(folder.need().page(None)),
        },
        (("GET", "remoteneed"), Some(folder), Some(device)) => run(folder
            .remote_need(device)
            .per_page(arguments.number("perpage")?)
            .page(None)),
        (("GET", "localchanged"), Some(folder), _) => run(folder.local_changed().page(None)),
        (("GET", "ignores"), Some(folder), _) => run(folder.ignores()),
        (("POST", "ignores"), Some(folder), _) => {
            let lines: Vec<String> =
                serde_json::from_value(arguments.body?["ignore"].clone()).ok()?;
            run(folder.set_ignores(lines))
        }
        (("POST", "scan"), Some(folder), _) => {
            let mut scan = folder.scan();
            for sub in arguments.all("sub") {
                scan = scan.sub(sub);
            }
            if let Some(next) = arguments.number("next") {
                scan = scan.next(Duration::from_secs(next));
            }
            run(scan)
        }
        (("POST", "scan"), None, _) => run(client.db().scan()),
        (("POST", "prio"), Some(folder), _) => run(folder.prioritize(file)),
        (("POST", "override"), Some(folder), _) => run(folder.override_changes()),
        (("POST", "revert"), Some(folder), _) => run(folder.revert_changes()),
        _ => None,
    }
}

fn folder(client: &Client, call: (&str, &str), arguments: &Arguments<'_>) -> Option<Replay> {
    let folder = client.folder(arguments.get("folder")?);
    match call {
        ("GET", "errors") => run(folder.errors().page(None)),
        ("GET", "pullerrors") => run(folder.pull_errors().page(None)),
        ("GET", "versions") => run(folder.versions()),
        ("POST", "versions") => run(folder.restore(&arguments.body()?)),
        _ => None,
    }
}

fn cluster(client: &Client, call: (&str, &str), arguments: &Arguments<'_>) -> Option<Replay> {
    let cluster = client.cluster();
    match (call, arguments.get("device"), arguments.device()) {
        (("GET", "pending/devices"), ..) => run(cluster.pending_devices()),
        (("DELETE", "pending/devices"), _, Some(device)) => run(cluster.dismiss_device(device)),
        (("GET", "pending/folders"), None, _) => run(cluster.pending_folders()),
        (("GET", "pending/folders"), _, Some(device)) => run(cluster.pending_folders_of(device)),
        (("DELETE", "pending/folders"), _, device) => {
            run(cluster.dismiss_folder(arguments.get("folder")?, device))
        }
        _ => None,
    }
}

fn debug(client: &Client, call: (&str, &str), arguments: &Arguments<'_>) -> Option<Replay> {
    let debug = client.debug();
    match call {
        ("GET", "file") => run(debug.file(arguments.get("folder")?, arguments.get("file")?)),
        ("GET", "heapprof") => run(debug.heap_profile()),
        ("GET", "cpuprof") => run(debug.cpu_profile(Duration::from_secs(1))),
        ("GET", "support") => run(debug.support_bundle()),
        ("GET", "peerCompletion") => run(debug.peer_completion()),
        ("GET", "httpmetrics") => run(debug.http_metrics()),
        _ => None,
    }
}

fn svc(client: &Client, call: (&str, &str), arguments: &Arguments<'_>) -> Option<Replay> {
    let svc = client.svc();
    match call {
        ("GET", "deviceid") => run(svc.check_device_id(arguments.get("id")?)),
        ("GET", "lang") => run(svc.languages("sv;q=0.8,en-GB,de;q=0.3")),
        ("GET", "random/string") => run(svc.random_string(arguments.number::<u32>("length"))),
        ("GET", "report") => run(svc.usage_report(arguments.number::<u32>("version"))),
        _ => None,
    }
}

fn other(client: &Client, call: (&str, &str), arguments: &Arguments<'_>) -> Option<Replay> {
    match call {
        ("GET", "/rest/noauth/health") => run(client.noauth().health_only()),
        ("POST", "/rest/noauth/auth/password") => {
            run(client.noauth().login(&arguments.body::<Login>()?))
        }
        ("GET", "/rest/stats/device") => run(client.stats().devices()),
        ("GET", "/rest/stats/folder") => run(client.stats().folders()),
        ("GET", "/metrics") => run(client.debug().metrics()),
        ("GET", "/qr/") => run(client.svc().qr_code(arguments.get("text")?)),
        ("GET", "/meta.js") => run(client.svc().meta()),
        _ => None,
    }
}
