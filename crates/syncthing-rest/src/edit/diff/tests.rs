//! The plans, by example.

mod daemon;
mod random;

use serde_json::json;

use super::*;

pub(super) const OWN: &str = "S534BXU-QOXZ34R-VRROXIM-IYGRNO3-2UMNL23-2ZIKXPW-FGL2AO2-NDUGHA7";
pub(super) const OTHER: &str = "3CA5NYZ-LPETZRL-GQJZQP6-ET27JAQ-M6KL5YE-VB6GZZK-3IGHPB2-4OO4BQF";

fn shared_with(ids: &[&str]) -> Value {
    let shared = ids
        .iter()
        .map(|id| json!({"deviceID": id, "introducedBy": "", "encryptionPassword": ""}));
    shared.collect()
}

fn config() -> Value {
    json!({
        "version": 37,
        "folders": [
            {
                "id": "photos", "label": "Photos", "path": "/p", "paused": false,
                "devices": shared_with(&[OWN, OTHER]),
                "minDiskFree": {"value": 1, "unit": "%"},
                "versioning": {"type": "simple", "params": {"keep": "5", "cleanoutDays": "3"},
                    "cleanupIntervalS": 7200, "fsPath": "", "fsType": "basic"},
                "sendXattrs": false,
            },
            {"id": "a/b", "label": "", "path": "/ab", "devices": shared_with(&[OWN])},
        ],
        "devices": [
            {"deviceID": OWN, "name": "here", "addresses": ["dynamic"], "ignoredFolders": []},
            {"deviceID": OTHER, "name": "there", "addresses": ["dynamic"], "ignoredFolders": []},
        ],
        "gui": {"apiKey": "key", "theme": "default", "user": "", "metricsWithoutAuth": false},
        "ldap": {"address": ""},
        "options": {"maxSendKbps": 0, "listenAddresses": ["default"], "relaysEnabled": false},
        "remoteIgnoredDevices": [],
        "defaults": {
            "folder": {"id": "", "path": "~", "rescanIntervalS": 3600},
            "device": {"deviceID": "", "compression": "metadata"},
            "ignores": {"lines": []},
        },
    })
}

fn planned(edit: impl FnOnce(&mut Value)) -> Vec<Change> {
    let before = config();
    let mut after = before.clone();
    edit(&mut after);
    plan(&before, &after, OWN).unwrap()
}

fn refused(edit: impl FnOnce(&mut Value)) -> String {
    let before = config();
    let mut after = before.clone();
    edit(&mut after);
    plan(&before, &after, OWN).unwrap_err().0
}

/// The one call of a plan.
fn only(changes: Vec<Change>) -> (Section, Action, Value) {
    assert_eq!(changes.len(), 1, "{changes:?}");
    let change = &changes[0];
    assert!(change.endpoint().is_some());
    (
        change.section().clone(),
        change.action(),
        change.body().clone(),
    )
}

fn photos() -> Section {
    Section::Folder("photos".to_owned())
}

#[test]
fn nothing_changed_is_nothing_sent() {
    assert_eq!(planned(|_| {}), []);
}

#[test]
fn the_order_of_folders_and_devices_means_nothing() {
    let changes = planned(|config| {
        config["folders"].as_array_mut().unwrap().reverse();
        config["devices"].as_array_mut().unwrap().reverse();
    });
    assert_eq!(changes, []);
}

#[test]
fn only_the_keys_that_changed_are_sent() {
    let change = only(planned(|config| {
        config["folders"][0]["label"] = json!("Pictures");
        config["folders"][0]["paused"] = json!(true);
    }));
    assert_eq!(
        change,
        (
            photos(),
            Action::Set,
            json!({"label": "Pictures", "paused": true})
        )
    );
    let change = only(planned(|config| {
        config["options"]["maxSendKbps"] = json!(9)
    }));
    assert_eq!(
        change,
        (Section::Options, Action::Set, json!({"maxSendKbps": 9}))
    );
    let change = only(planned(|config| config["gui"]["theme"] = json!("dark")));
    assert_eq!(
        change,
        (Section::Gui, Action::Set, json!({"theme": "dark"}))
    );
    let change = only(planned(|config| config["ldap"]["address"] = json!("x:1")));
    assert_eq!(
        change,
        (Section::Ldap, Action::Set, json!({"address": "x:1"}))
    );
}

#[test]
fn lists_go_out_whole() {
    let (_, action, body) = only(planned(|config| {
        config["folders"][0]["devices"] = shared_with(&[OWN]);
    }));
    assert_eq!(
        (action, body),
        (Action::Set, json!({"devices": shared_with(&[OWN])}))
    );
}

#[test]
fn versioning_goes_out_whole_because_keys_that_are_left_out_fall_back() {
    let (_, action, body) = only(planned(|config| {
        config["folders"][0]["versioning"]["params"]["keep"] = json!("9");
    }));
    assert_eq!(action, Action::Set);
    assert_eq!(body["versioning"]["cleanupIntervalS"], 7200);
    assert_eq!(
        body["versioning"]["params"],
        json!({"keep": "9", "cleanoutDays": "3"})
    );
    assert_eq!(body.as_object().unwrap().len(), 1);
}

#[test]
fn a_versioning_parameter_is_removed_by_replacing_the_folder() {
    let (section, action, body) = only(planned(|config| {
        let params = config["folders"][0]["versioning"]["params"]
            .as_object_mut()
            .unwrap();
        params.remove("cleanoutDays");
    }));
    assert_eq!((section, action), (photos(), Action::Replace));
    assert_eq!(body["versioning"]["params"], json!({"keep": "5"}));
    assert_eq!(
        (&body["label"], &body["sendXattrs"]),
        (&json!("Photos"), &json!(false))
    );
}

#[test]
fn a_key_that_is_taken_away_goes_back_to_its_default_by_replacing() {
    for value in [None, Some(Value::Null)] {
        let (section, action, body) = only(planned(|config| {
            let folder = config["folders"][0].as_object_mut().unwrap();
            folder.remove("sendXattrs");
            folder.extend(value.map(|value| ("sendXattrs".to_owned(), value)));
        }));
        assert_eq!((section, action), (photos(), Action::Replace));
        assert_eq!(body["path"], "/p");
    }
    let (section, action, body) = only(planned(|config| {
        config["gui"]
            .as_object_mut()
            .unwrap()
            .remove("metricsWithoutAuth");
    }));
    assert_eq!((section, action), (Section::Gui, Action::Replace));
    assert_eq!(
        body["apiKey"], "key",
        "without it the daemon makes a new one"
    );
}

#[test]
fn a_folder_with_a_slash_is_replaced_through_the_list() {
    let changes = planned(|config| {
        config["folders"][1]["label"] = json!("AB");
        config["folders"][0]["label"] = json!("Pictures");
    });
    let shown: Vec<_> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["set in folder photos: label", "replace folder a/b"]);
    let (endpoint, place) = changes[1].endpoint().unwrap();
    assert_eq!(
        (endpoint.operation().name(), place),
        ("config.folders.post", None)
    );
    assert_eq!(
        (&changes[1].body()["label"], &changes[1].body()["path"]),
        (&json!("AB"), &json!("/ab"))
    );
}

#[test]
fn a_folder_with_a_slash_is_removed_with_the_whole_configuration() {
    let (section, action, body) = only(planned(|config| {
        config["folders"].as_array_mut().unwrap().remove(1);
    }));
    assert_eq!((section, action), (Section::All, Action::Replace));
    assert_eq!(body["folders"].as_array().unwrap().len(), 1);
}

#[test]
fn a_folder_with_a_slash_can_be_added_alone() {
    let (section, action, _) = only(planned(|config| {
        let folder = json!({"id": "c/d", "path": "/cd", "devices": shared_with(&[OWN])});
        config["folders"].as_array_mut().unwrap().push(folder);
    }));
    assert_eq!(
        (section, action),
        (Section::Folder("c/d".to_owned()), Action::Add)
    );
}

#[test]
fn ignored_devices_need_the_whole_configuration() {
    let (section, action, body) = only(planned(|config| {
        config["remoteIgnoredDevices"] = json!([{"deviceID": "X"}]);
        config["options"]["maxSendKbps"] = json!(9);
    }));
    assert_eq!((section, action), (Section::All, Action::Replace));
    assert_eq!(body["options"]["maxSendKbps"], 9);
    assert_eq!(body["version"], 37);
}

#[test]
fn templates_have_their_own_addresses() {
    let change = only(planned(|config| {
        config["defaults"]["folder"]["rescanIntervalS"] = json!(60)
    }));
    assert_eq!(
        change,
        (
            Section::DefaultFolder,
            Action::Set,
            json!({"rescanIntervalS": 60})
        )
    );
    let change = only(planned(|config| {
        config["defaults"]["device"]["compression"] = json!("never")
    }));
    assert_eq!(
        change,
        (
            Section::DefaultDevice,
            Action::Set,
            json!({"compression": "never"})
        )
    );
    let change = only(planned(|config| {
        config["defaults"]["ignores"]["lines"] = json!(["*.o"])
    }));
    assert_eq!(
        change,
        (
            Section::DefaultIgnores,
            Action::Replace,
            json!({"lines": ["*.o"]})
        )
    );
}

#[test]
fn devices_come_before_the_folders_shared_with_them_and_gui_comes_last() {
    let changes = planned(|config| {
        config["gui"]["theme"] = json!("dark");
        config["options"]["maxSendKbps"] = json!(9);
        config["devices"][1] =
            json!({"deviceID": "NEW", "name": "", "addresses": [], "ignoredFolders": []});
        config["folders"][0]["devices"] = shared_with(&[OWN, "NEW"]);
    });
    let shown: Vec<_> = changes.iter().map(ToString::to_string).collect();
    let removal = format!("remove device {OTHER}");
    assert_eq!(
        shown,
        [
            "add device NEW",
            "set in folder photos: devices",
            &removal,
            "set in options: maxSendKbps",
            "set in gui: theme"
        ]
    );
}

#[test]
fn another_id_is_another_folder() {
    let changes = planned(|config| config["folders"][0]["id"] = json!("pictures"));
    let shown: Vec<_> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["remove folder photos", "add folder pictures"]);
}

#[test]
fn this_device_is_in_every_folder_anyway() {
    assert_eq!(
        planned(|config| config["folders"][1]["devices"] = json!([])),
        []
    );
    let (.., body) = only(planned(|config| {
        config["folders"][0]["devices"] = json!([])
    }));
    assert_eq!(body, json!({"devices": shared_with(&[OWN])}));
}

#[test]
fn what_nobody_can_want_is_refused() {
    assert!(refused(|config| config["version"] = json!(36)).contains("version"));
    assert!(refused(|config| config["folders"][0]["path"] = json!(" ")).contains("needs a path"));
    assert!(refused(|config| config["folders"][0]["id"] = json!("")).contains("needs an ID"));
    assert!(refused(|config| config["folders"][0]["id"] = json!("a/b")).contains("two folders"));
    assert!(refused(|config| config["devices"][1]["deviceID"] = json!(OWN)).contains("twice"));
    let removed = refused(|config| drop(config["devices"].as_array_mut().unwrap().remove(0)));
    assert!(removed.contains("this device"));
}

#[test]
fn a_parameter_of_the_template_cannot_be_kept_out_of_a_folder() {
    let with_template = |config: &mut Value| {
        config["defaults"]["folder"]["versioning"] =
            json!({"type": "simple", "params": {"cleanoutDays": "4"}});
    };
    let mut before = config();
    with_template(&mut before);
    let remove = |config: &mut Value| {
        let params = config["folders"][0]["versioning"]["params"]
            .as_object_mut()
            .unwrap();
        params.remove("cleanoutDays");
    };
    let mut after = before.clone();
    remove(&mut after);
    let error = plan(&before, &after, OWN).unwrap_err().0;
    assert!(
        error.contains("cleanoutDays") && error.contains("photos"),
        "{error}"
    );

    // It can if it goes from the template too, and before.
    after["defaults"]["folder"]["versioning"]["params"] = json!({});
    let changes = plan(&before, &after, OWN).unwrap();
    let shown: Vec<_> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        ["replace the template for folders", "replace folder photos"]
    );

    // A folder that is to do without must not get it along with something else.
    let mut before = before.clone();
    remove(&mut before);
    let mut after = before.clone();
    after["remoteIgnoredDevices"] = json!([{"deviceID": "X"}]);
    assert!(plan(&before, &after, OWN).is_err());
    after["remoteIgnoredDevices"] = json!([]);
    after["folders"][0]["label"] = json!("Pictures");
    assert_eq!(plan(&before, &after, OWN).unwrap().len(), 1);
}

#[test]
fn a_change_shows_keys_and_never_values() {
    let changes = planned(|config| {
        config["gui"]["apiKey"] = json!("hunter2");
        config["folders"][0]["devices"][1]["encryptionPassword"] = json!("hunter2");
    });
    let shown = format!("{changes:?}");
    assert!(
        shown.contains("apiKey") && !shown.contains("hunter2"),
        "{shown}"
    );
}
