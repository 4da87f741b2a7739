//! Answers of GetSecretValue become AccessKeys or errors that a person can act on and that give nothing away.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kmsramcred::gateway::Answer;
use kmsramcred::secret_value::parse;
use kmsramcred::sign::encode::encode;
use kmsramcred::{ErrorKind, SecretText};
use proptest::prelude::*;

fn answer(secret_type: &str, data: &str) -> Answer {
    Answer {
        secret_name: "acs/ram/user/app".to_owned(),
        secret_type: secret_type.to_owned(),
        secret_data_type: "text".to_owned(),
        secret_data: SecretText::from(data),
        version_id: "v-7".to_owned(),
        create_time: Some("2024-02-21T15:39:26Z".to_owned()),
        last_rotation_date: Some("2024-02-22T15:39:26Z".to_owned()),
        next_rotation_date: Some("2024-02-29T15:39:26Z".to_owned()),
        extended_config: Some(r#"{"SecretSubType":"RamUserAccessKey","UserName":"alice"}"#.to_owned()),
        request_id: "req-1".to_owned(),
        server_unix_ms: Some(1_708_700_000_000),
    }
}

/// The kind and message of the error for this value.
fn refused(secret_type: &str, data: &str) -> (ErrorKind, String) {
    let error = parse(&answer(secret_type, data)).expect_err(data);
    assert!(error.message().contains("acs/ram/user/app"), "{error}");
    assert_eq!(error.request_id(), Some("req-1"));
    (error.kind(), error.message().to_owned())
}

#[test]
fn a_ram_secret_becomes_an_access_key_with_its_dates() {
    let data = r#"{"AccessKeyId":"LTAI5tId","AccessKeySecret":"s3cr3t/+=","GenerateTimestamp":"2024-02-22T15:39:20.5Z",
        "ExpireTimestamp":"2024-03-22T15:39:20Z","Comment":{"AccessKeyId":"not this"}}"#;
    let value = parse(&answer("RAMCredentials", data)).unwrap();
    assert_eq!(value.access_key_id, "LTAI5tId");
    assert_eq!(value.access_key_secret.expose(), "s3cr3t/+=");
    assert_eq!(value.security_token, None);
    assert_eq!(value.version_id, "v-7");
    assert_eq!(value.generated_ms, Some(1_708_616_360_500));
    assert_eq!(value.expires_ms, Some(1_711_121_960_000));
    assert_eq!(value.created_ms, Some(1_708_529_966_000));
    assert_eq!(value.last_rotation_ms, Some(1_708_616_366_000));
    assert_eq!(value.next_rotation_ms, Some(1_709_221_166_000));
    assert_eq!(value.user_name.as_deref(), Some("alice"));
    assert_eq!(value.server_ms, Some(1_708_700_000_000));
}

#[test]
fn any_type_of_secret_is_served_when_it_holds_a_pair() {
    for secret_type in ["Generic", "", "ramcredentials", "Whatever"] {
        let data = "\n {\"AccessKeySecret\":\"b\\u002fc\",\"AccessKeyId\":\"a\",\"AccessKeyId\":\"a\"} \n";
        let value = parse(&answer(secret_type, data)).unwrap();
        assert_eq!((value.access_key_id.as_str(), value.access_key_secret.expose()), ("a", "b/c"));
    }
}

#[test]
fn what_is_optional_is_left_out_when_it_is_wrong() {
    for wrong in ["null", "7", "\"\"", "\"soon\"", "[]", "{}", "true"] {
        let data = format!(
            r#"{{"AccessKeyId":"a","AccessKeySecret":"b","GenerateTimestamp":{wrong},"ExpireTimestamp":{wrong}}}"#
        );
        let mut answer = answer("RAMCredentials", &data);
        answer.create_time = Some(wrong.to_owned());
        answer.extended_config = Some(wrong.to_owned());
        let value = parse(&answer).unwrap();
        assert_eq!((value.generated_ms, value.expires_ms, value.created_ms), (None, None, None), "{wrong}");
        assert_eq!(value.user_name, None);
    }
    for (token, expected) in
        [("\"tok/en==\"", Some("tok/en==")), ("null", None), ("7", None), ("\"\"", None), ("\"a\\nb\"", None)]
    {
        let data = format!(r#"{{"AccessKeyId":"a","AccessKeySecret":"b","SecurityToken":{token}}}"#);
        let value = parse(&answer("Generic", &data)).unwrap();
        assert_eq!(value.security_token.as_ref().map(SecretText::expose), expected, "{token}");
    }
}

#[test]
fn another_kind_of_secret_is_told_from_a_damaged_one() {
    for data in ["", "hunter2", "{", "[1]", "null", "\"text\"", "{}", r#"{"AccountName":"a","AccountPassword":"b"}"#] {
        assert_eq!(refused("Generic", data).0, ErrorKind::SecretType, "{data}");
        assert_eq!(refused("", data).0, ErrorKind::SecretType, "{data}");
        assert_eq!(refused("RAMCredentials", data).0, ErrorKind::SecretMalformed, "{data}");
    }
    let mut binary = answer("Generic", r#"{"AccessKeyId":"a","AccessKeySecret":"b"}"#);
    binary.secret_data_type = "binary".to_owned();
    assert_eq!(parse(&binary).unwrap_err().kind(), ErrorKind::SecretType);
}

#[test]
fn a_damaged_pair_is_refused_by_the_name_of_the_member() {
    let long = format!("\"{}\"", "x".repeat(4097));
    for damaged in [
        "null",
        "7",
        "1.5e3",
        "true",
        "[\"a\"]",
        "{}",
        "\"\"",
        "\"a b\"",
        "\" a\"",
        "\"a\\n\"",
        "\"a\\u0000\"",
        "\"a\\u200b\"",
        "\"é\"",
        long.as_str(),
    ] {
        for (name, other) in [("AccessKeyId", "AccessKeySecret"), ("AccessKeySecret", "AccessKeyId")] {
            let data = format!(r#"{{"{name}":{damaged},"{other}":"fine"}}"#);
            let (kind, message) = refused("Generic", &data);
            assert_eq!(kind, ErrorKind::SecretMalformed, "{damaged}");
            assert!(message.contains(name) && !message.contains(other), "{message}");
        }
    }
    for (data, name) in [(r#"{"AccessKeyId":"a"}"#, "AccessKeySecret"), (r#"{"AccessKeySecret":"a"}"#, "AccessKeyId")] {
        let (kind, message) = refused("Generic", data);
        assert!(kind == ErrorKind::SecretMalformed && message.ends_with(&format!("has no {name}.")), "{message}");
    }
    let mixed = r#"{"AccessKeyId":"a","AccessKeySecret":"b","AccessKeyId":"c"}"#;
    assert!(refused("RAMCredentials", mixed).1.ends_with("has two different values for AccessKeyId."));
}

#[test]
fn a_message_says_what_and_where() {
    let (_, message) = refused("Rds", "{\"AccountName\":");
    assert_eq!(message, r#"The value of secret "acs/ram/user/app", of type "Rds", is not JSON (line 1, column 15)."#);
    let (_, message) = refused("", r#"{"AccessKeyId":7,"AccessKeySecret":"b"}"#);
    assert_eq!(
        message,
        r#"The value of secret "acs/ram/user/app", of no stated type, has an AccessKeyId that is a number, not a text."#
    );
}

/// JSON of any shape, among it objects with the names that matter.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let name = prop_oneof![
        Just("AccessKeyId".to_owned()),
        Just("AccessKeySecret".to_owned()),
        Just("SecurityToken".to_owned()),
        Just("GenerateTimestamp".to_owned()),
        Just("ExpireTimestamp".to_owned()),
        Just("UserName".to_owned()),
        ".{0,5}"
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
        "[!-~]{1,30}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::hash_map(name.clone(), inner, 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A damaged payload around a secret, and now and then a sound one.
fn around(secret: &str, damage: usize) -> String {
    let text = serde_json::Value::from(secret);
    match damage {
        0 => secret.to_owned(),
        1 => text.to_string(),
        2 => format!(r#"{{"AccessKeyId":{text},"AccessKeySecret":{text}"#),
        3 => format!(r#"{{"AccessKeyId":"a","AccessKeySecret":[{text}]}}"#),
        4 => format!(r#"{{"AccessKeyId":"a b","AccessKeySecret":{text}}}"#),
        5 => format!(r#"{{"AccessKeySecret":{text}}}"#),
        6 => format!(r#"{{"AccessKeyId":"a","AccessKeySecret":{text},"AccessKeySecret":"b"}}"#),
        7 => format!(r#"{{{text}:{text}}}"#),
        8 => format!(r#"{{"AccessKeyId":"a","AccessKeySecret":"{secret} "}}"#),
        9 => format!(r#"{{"AccessKeyId":"a","AccessKeySecret":{text},"SecurityToken":{text}}} {secret}"#),
        10 => format!(r#"{{"AccessKeyId":"{secret}\n","AccessKeySecret":"b"}}"#),
        _ => format!(r#"{{"AccessKeyId":{text},"AccessKeySecret":{text}}}"#),
    }
}

proptest! {
    #[test]
    fn no_value_makes_the_parser_panic(json in any_json(), cut in any::<prop::sample::Index>(), text in any::<String>()) {
        let whole = json.to_string();
        let end = (0..=cut.index(whole.len() + 1)).rev().find(|&at| whole.is_char_boundary(at)).unwrap_or(0);
        for data in [whole.as_str(), &whole[..end], &text] {
            let mut answer = answer("RAMCredentials", data);
            answer.extended_config = Some(data.to_owned());
            answer.create_time = Some(text.clone());
            if let Ok(value) = parse(&answer) {
                prop_assert!(!value.access_key_id.is_empty() && !value.access_key_secret.is_empty());
            }
        }
    }

    #[test]
    fn no_error_gives_a_secret_away(secret in "[A-Za-z0-9/+=%&\"\\\\-]{12,60}", damage in 0_usize..12, ram in any::<bool>()) {
        let secret_type = if ram { "RAMCredentials" } else { "Generic" };
        let shown = match parse(&answer(secret_type, &around(&secret, damage))) {
            Ok(value) => format!("{value:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        let escaped = serde_json::Value::from(secret.as_str()).to_string();
        for form in [
            secret.clone(),
            escaped.trim_matches('"').to_owned(),
            STANDARD.encode(&secret),
            URL_SAFE_NO_PAD.encode(&secret),
            encode(&secret),
        ] {
            prop_assert!(!shown.contains(&form), "{} in {}", form, shown);
        }
    }
}
