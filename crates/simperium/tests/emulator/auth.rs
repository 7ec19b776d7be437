//! The auth half.

use std::time::Duration;

use serde_json::{Value, json};
use simperium::emulator::{Emulator, LoginRule};

use super::support::{ADMIN, Ask, emulator, text};

fn joe(password: &str) -> Value {
    json!({"username": "joe@example.com", "password": password})
}

#[tokio::test]
async fn a_user_is_made_once_and_logs_in() {
    let emulator = emulator();
    let made = Ask::auth("create", &joe("secret")).json(&emulator).await;
    assert_eq!(made["username"], "joe@example.com");
    let token = made["access_token"].as_str().unwrap();
    assert_eq!(
        (token.len(), made["userid"].as_str().unwrap().len()),
        (32, 32)
    );
    let again = Ask::auth("create", &joe("other")).of(&emulator).await;
    assert_eq!(
        (again.status().as_u16(), text(&again)),
        (409, "user exists")
    );
    let user = Ask::auth("authorize", &joe("secret")).json(&emulator).await;
    assert_eq!(user["userid"], made["userid"]);
    assert_ne!(user["access_token"], made["access_token"]);
    let wrong = Ask::auth("authorize", &joe("wrong")).of(&emulator).await;
    assert_eq!(wrong.status(), 401);
    assert_eq!(text(&wrong), "invalid username or password");
    // Both tokens are good, in both forms.
    let bearer = format!("BEARER {}", user["access_token"].as_str().unwrap());
    let me = Ask::get("user").without("x-simperium-token");
    let me = me.header("authorization", &bearer).json(&emulator).await;
    assert_eq!(me["userid"], made["userid"]);
    let me = Ask::get("user").header("x-simperium-token", token);
    assert_eq!(me.status(&emulator).await, 200);
}

#[tokio::test]
async fn a_form_is_as_good_as_json() {
    let emulator = emulator();
    let body = "username=joe%40example.com&password=a+b%26c&client_id=key";
    let form = |verb: &str| {
        Ask::new("POST", format!("/1/APP/{verb}/"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
    };
    assert_eq!(form("create").status(&emulator).await, 200);
    // The names of apps have no case.
    let answer = Ask::auth("authorize", &joe("a b&c")).of(&emulator).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(form("authorize").status(&emulator).await, 200);
}

#[tokio::test]
async fn a_login_can_be_refused_in_every_way() {
    let emulator = emulator();
    emulator.create_user("app", "joe@example.com", "secret");
    for (rule, status, body, delay) in [
        (LoginRule::Compromised, 401, "compromised password", None),
        (
            LoginRule::VerificationRequired,
            403,
            "verification required",
            None,
        ),
        (LoginRule::Throttled { retry_after: None }, 429, "", None),
        (
            LoginRule::Throttled {
                retry_after: Some(Duration::from_secs(7)),
            },
            429,
            "",
            Some("7"),
        ),
    ] {
        assert!(emulator.login_rule("app", "joe@example.com", rule));
        let answer = Ask::auth("authorize", &joe("secret")).of(&emulator).await;
        assert_eq!((answer.status().as_u16(), text(&answer)), (status, body));
        let retry_after = answer.headers().get("retry-after");
        assert_eq!(retry_after.map(|value| value.to_str().unwrap()), delay);
        // Who does not know the password learns nothing.
        let answer = Ask::auth("authorize", &joe("wrong")).of(&emulator).await;
        assert_eq!(text(&answer), "invalid username or password");
    }
    assert!(!emulator.login_rule("app", "nobody", LoginRule::Allowed));
}

#[tokio::test]
async fn names_and_passwords_change() {
    let emulator = emulator();
    emulator.create_user("app", "ann@example.com", "x");
    emulator.create_user("app", "joe@example.com", "secret");
    let mut change = joe("secret");
    change["new_username"] = "ann@example.com".into();
    assert_eq!(Ask::auth("update", &change).status(&emulator).await, 409);
    change["new_username"] = "jo@example.com".into();
    change["new_password"] = "new".into();
    let done = Ask::auth("update", &change).json(&emulator).await;
    assert_eq!(done, json!({"status": "success"}));
    assert_eq!(Ask::auth("update", &change).status(&emulator).await, 401);
    let jo = json!({"username": "jo@example.com", "password": "new"});
    assert_eq!(Ask::auth("authorize", &jo).status(&emulator).await, 200);

    let reset = json!({"username": "jo@example.com", "new_password": "newer"});
    assert_eq!(
        Ask::auth("reset_password", &reset).status(&emulator).await,
        401
    );
    let reset = Ask::auth("reset_password", &reset).header("x-simperium-api-key", ADMIN);
    assert_eq!(reset.json(&emulator).await, json!({"status": "success"}));
    assert_eq!(Ask::auth("authorize", &jo).status(&emulator).await, 401);

    let user = json!({"username": "jo@example.com"});
    assert_eq!(Ask::auth("delete", &user).status(&emulator).await, 401);
    let delete = || Ask::auth("delete", &user).header("x-simperium-api-key", ADMIN);
    assert_eq!(delete().status(&emulator).await, 200);
    assert_eq!(delete().status(&emulator).await, 404);
}

#[tokio::test]
async fn a_deleted_users_token_is_not_good_any_more() {
    let emulator = emulator();
    let joe = emulator.create_user("app", "joe@example.com", "secret");
    let user = || Ask::get("user").header("x-simperium-token", joe.token.expose());
    assert_eq!(user().status(&emulator).await, 200);
    let body = json!({"username": "joe@example.com"});
    let delete = Ask::auth("delete", &body).header("x-simperium-api-key", ADMIN);
    assert_eq!(delete.status(&emulator).await, 200);
    assert_eq!(user().status(&emulator).await, 401);
}

#[tokio::test]
async fn only_good_keys_and_whole_paths_are_taken() {
    let emulator = Emulator::builder().api_key("good").build();
    let create = || Ask::auth("create", &joe("secret"));
    assert_eq!(create().status(&emulator).await, 401);
    assert_eq!(
        create()
            .without("x-simperium-api-key")
            .status(&emulator)
            .await,
        401
    );
    assert_eq!(
        create()
            .header("x-simperium-api-key", "good")
            .status(&emulator)
            .await,
        200
    );
    let emulator = super::support::emulator();
    let bare = Ask::new("POST", "/1/app/create").header("x-simperium-api-key", "key");
    assert_eq!(bare.status(&emulator).await, 404);
    let get = Ask::new("GET", "/1/app/create/").header("x-simperium-api-key", "key");
    assert_eq!(get.status(&emulator).await, 405);
    for body in [
        "",
        "[]",
        "{}",
        r#"{"username": "a"}"#,
        r#"{"username": 1, "password": "x"}"#,
    ] {
        assert_eq!(create().body(body).status(&emulator).await, 400, "{body}");
    }
}

#[tokio::test]
async fn each_host_has_its_half() {
    let emulator = emulator();
    let auth = |host: &str| Ask::auth("create", &joe("secret")).header("host", host);
    let data = |host: &str| Ask::get("buckets").header("host", host);
    assert_eq!(auth("api.example.com").status(&emulator).await, 404);
    assert_eq!(auth("auth.example.com").status(&emulator).await, 200);
    assert_eq!(data("auth.example.com").status(&emulator).await, 404);
    assert_eq!(data("api.example.com").status(&emulator).await, 200);
}
