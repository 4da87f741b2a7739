//! OSS: objects, uploads in parts, refusals, rotations.

mod client;

use client::{Pair, Reply, oss, served_pair};
use kms_emulator::{Emulator, Options};
use serde_json::{Value, json};

struct Drill {
    emulator: Emulator,
    pair: Pair,
}

impl Drill {
    fn new() -> Self {
        let emulator = Emulator::start(Options::default());
        emulator.control("POST", "/secrets", json!({"name": "n"}));
        let pair = served_pair(&emulator, "n");
        Self { emulator, pair }
    }

    fn call(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        oss(&self.emulator, &self.pair, method, target, headers, body).unwrap()
    }
}

/// The text of the first element of that name.
fn element(reply: &Reply, name: &str) -> String {
    let text = reply.text();
    let start = text.find(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {text}")) + name.len() + 2;
    text[start..].split('<').next().unwrap().to_owned()
}

#[test]
fn an_object_comes_back_as_it_was_put_with_its_checksums() {
    let drill = Drill::new();
    let put = drill.call("PUT", "/b/k", &[("content-type", "text/x"), ("x-oss-meta-a", "1")], "123456789");
    assert_eq!((put.status, put.header("x-oss-hash-crc64ecma")), (200, Some("11051210869376104954")));
    assert_eq!(put.header("etag"), Some("\"25F9E794323B453885F5181F1B624D0B\""));
    let got = drill.call("GET", "/b/k", &[], "");
    assert_eq!(
        (got.text().as_str(), got.header("content-type"), got.header("x-oss-meta-a")),
        ("123456789", Some("text/x"), Some("1"))
    );
    let head = drill.call("HEAD", "/b/k", &[], "");
    assert_eq!((head.header("content-length"), head.body.len()), (Some("9"), 0));
    assert_eq!(head.header("x-oss-object-type"), Some("Normal"));
    let listed = drill.emulator.control("GET", "/objects", Value::Null);
    let object = json!({"bucket": "b", "key": "k", "type": "Normal", "size": 9,
        "etag": "25F9E794323B453885F5181F1B624D0B", "crc64": "11051210869376104954"});
    assert_eq!(listed, json!({"objects": [object]}));
    let part = drill.call("GET", "/b/k", &[("range", "bytes=2-4")], "");
    assert_eq!((part.status, part.text().as_str(), part.header("content-range")), (206, "345", Some("bytes 2-4/9")));
    assert!(drill.call("GET", "/b/", &[], "").text().contains("<Key>k</Key>"));
    assert!(drill.call("GET", "/", &[], "").text().contains("<Name>b</Name>"));
    let copy = drill.call("PUT", "/b/copy", &[("x-oss-copy-source", "/b/k")], "");
    assert_eq!((copy.status, drill.call("GET", "/b/copy", &[], "").text().as_str()), (200, "123456789"));
    assert_eq!(drill.call("DELETE", "/b/k", &[], "").status, 204);
    assert_eq!(element(&drill.call("GET", "/b/k", &[], ""), "Code"), "NoSuchKey");
}

#[test]
fn parts_are_joined_in_their_order() {
    let drill = Drill::new();
    let id = element(&drill.call("POST", "/b/k?uploads", &[], ""), "UploadId");
    let mut list = String::new();
    for (number, body) in [(1, "one"), (2, "two")] {
        let reply = drill.call("PUT", &format!("/b/k?partNumber={number}&uploadId={id}"), &[], body);
        list +=
            &format!("<Part><PartNumber>{number}</PartNumber><ETag>{}</ETag></Part>", reply.header("etag").unwrap());
    }
    let missing = "<C><Part><PartNumber>9</PartNumber><ETag>x</ETag></Part></C>";
    let target = format!("/b/k?uploadId={id}");
    let copied = drill.call("PUT", &format!("/b/k?partNumber=3&uploadId={id}"), &[("x-oss-copy-source", "/b/x")], "");
    assert_eq!(element(&copied, "Code"), "NotImplemented");
    assert_eq!(element(&drill.call("GET", &format!("/b/other?uploadId={id}"), &[], ""), "Code"), "NoSuchUpload");
    assert_eq!(element(&drill.call("POST", &target, &[], missing), "Code"), "InvalidPart");
    assert_eq!(element(&drill.call("GET", &target, &[], ""), "PartNumber"), "1");
    assert_eq!(drill.call("POST", &target, &[], &format!("<C>{list}</C>")).status, 200);
    assert_eq!(drill.call("GET", "/b/k", &[], "").text(), "onetwo");
    assert_eq!(
        element(&drill.call("PUT", &format!("/b/k?partNumber=1&uploadId={id}"), &[], "x"), "Code"),
        "NoSuchUpload"
    );
}

#[test]
fn appended_bytes_follow_the_ones_before() {
    let drill = Drill::new();
    assert_eq!(
        drill.call("POST", "/b/k?append&position=0", &[], "one").header("x-oss-next-append-position"),
        Some("3")
    );
    assert_eq!(element(&drill.call("POST", "/b/k?append&position=0", &[], "two"), "Code"), "PositionNotEqualToLength");
    assert_eq!(drill.call("POST", "/b/k?append&position=3", &[], "two").status, 200);
    assert_eq!(drill.call("GET", "/b/k", &[], "").text(), "onetwo");
}

#[test]
fn a_rotated_key_is_refused_as_oss_does_it_and_the_object_stays_as_it_was() {
    let mut drill = Drill::new();
    drill.call("PUT", "/b/k", &[], "before");
    drill.emulator.control("POST", "/secrets/n/rotate", json!({}));
    let refused = drill.call("PUT", "/b/k", &[], "after");
    assert_eq!((refused.status, element(&refused, "Code").as_str()), (403, "InvalidAccessKeyId"));
    assert_eq!(refused.header("x-oss-ec"), Some("0002-00000902"));
    assert!(refused.header("x-oss-request-id").is_some());
    let head = drill.call("HEAD", "/b/k", &[], "");
    assert_eq!((head.status, head.body.len()), (403, 0));
    assert!(head.header("x-oss-err").is_some());
    drill.pair = served_pair(&drill.emulator, "n");
    assert_eq!(drill.call("GET", "/b/k", &[], "").text(), "before");
    drill.emulator.control("POST", &format!("/keys/{}/disable", drill.pair.id), Value::Null);
    assert_eq!(drill.call("GET", "/b/k", &[], "").header("x-oss-ec"), Some("0002-00000904"));
    let counted = drill.emulator.control("GET", "/counters", Value::Null);
    assert_eq!((&counted["oss"]["ok"], &counted["oss"]["refused"]), (&json!(2), &json!(3)));
}

#[test]
fn bad_signatures_digests_and_operations_are_refused() {
    let mut drill = Drill::new();
    let code = |drill: &Drill, method: &str, target: &str, headers: &[(&str, &str)]| {
        element(&drill.call(method, target, headers, "body"), "Code")
    };
    assert_eq!(code(&drill, "PUT", "/b/k", &[("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")]), "InvalidDigest");
    assert_eq!(code(&drill, "PUT", "/b/k?acl", &[]), "NotImplemented");
    for (kind, body) in [("application/x-www-form-urlencoded", "acl=1&%FF"), ("application/x-protobuf", "\u{1}")] {
        let put = drill.call("PUT", "/b/form", &[("content-type", kind)], body);
        assert_eq!((put.status, drill.call("GET", "/b/form", &[], "").text().as_str()), (200, body), "{kind}");
    }
    assert_eq!(code(&drill, "GET", "/none/", &[]), "NoSuchBucket");
    drill.emulator.control(
        "POST",
        "/faults",
        json!({"at": "oss", "kind": "clock", "clock_offset_seconds": 3600, "times": 1}),
    );
    assert_eq!(code(&drill, "GET", "/b/k", &[]), "RequestTimeTooSkewed");
    drill.emulator.control("POST", "/faults", json!({"at": "oss", "kind": "status", "times": 1}));
    assert_eq!(code(&drill, "GET", "/b/k", &[]), "ServiceUnavailableTemporary");
    drill.pair.secret.push('x');
    assert_eq!(code(&drill, "GET", "/b/k", &[]), "SignatureDoesNotMatch");
    let unsigned = client::get(&drill.emulator.ready().oss_host, "/b/k").unwrap();
    assert_eq!((unsigned.status, element(&unsigned, "Code").as_str()), (403, "AccessDenied"));
}
