//! Plays the wire vectors on the codecs of tokio-util: vectors TESTDATA.
use bytes::{Bytes, BytesMut};
use serde_json::{json, Value};
use std::io;
use std::panic::{catch_unwind, AssertUnwindSafe};
use tokio_util::codec::{
    length_delimited, AnyDelimiterCodec, AnyDelimiterCodecError, Decoder, Encoder, LengthDelimitedCodec, LinesCodec,
    LinesCodecError,
};

/// A spec: a name, its keys, and its delimiters in order.
struct Spec {
    name: String,
    keys: Vec<(String, String)>,
    delimiters: Vec<Vec<u8>>,
}

impl Spec {
    fn new(text: &str) -> Spec {
        let mut parts = text.split(',');
        let name = parts.next().unwrap_or_default().to_string();
        let (mut keys, mut delimiters) = (vec![], vec![]);
        for (key, value) in parts.map(|part| part.split_once('=').unwrap_or((part, ""))) {
            match key {
                "hex" => delimiters.push(unhex(value)),
                _ => keys.push((key.to_string(), value.to_string())),
            }
        }
        Spec { name, keys, delimiters }
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.keys.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    fn only(&self, known: &[&str]) -> bool {
        self.keys.iter().all(|(k, _)| known.contains(&k.as_str()))
    }

    fn number(&self, key: &str, absent: i64) -> i64 {
        self.get(key).map_or(absent, |v| v.parse().unwrap())
    }
}

fn unhex(s: &str) -> Vec<u8> {
    (0..s.len() / 2).map(|i| u8::from_str_radix(&s[2 * i..2 * i + 2], 16).unwrap()).collect()
}

fn hex(b: &[u8]) -> String {
    b.iter().map(|b| format!("{b:02x}")).collect()
}

/// A codec, with its payloads as bytes and its errors as events.
enum Codec {
    Lines(LinesCodec),
    Any(AnyDelimiterCodec),
    Length(LengthDelimitedCodec),
}

fn event(e: io::Error) -> String {
    let text = e.to_string();
    match text.as_str() {
        "bytes remaining on stream" => "unexpected_eof".into(),
        "frame size too big" => "too_large".into(),
        "provided length would overflow after adjustment" => "malformed".into(),
        _ => format!("error {text}"),
    }
}

fn step<D: Decoder>(d: &mut D, b: &mut BytesMut, end: bool) -> Result<Option<D::Item>, D::Error> {
    if end {
        d.decode_eof(b)
    } else {
        d.decode(b)
    }
}

impl Codec {
    fn decode(&mut self, b: &mut BytesMut, end: bool) -> Result<Option<Vec<u8>>, String> {
        match self {
            Codec::Lines(c) => step(c, b, end).map(|line| line.map(String::into_bytes)).map_err(|e| match e {
                LinesCodecError::MaxLineLengthExceeded => "too_large".into(),
                LinesCodecError::Io(e) => event(e),
            }),
            Codec::Any(c) => step(c, b, end).map(|chunk| chunk.map(|c| c.to_vec())).map_err(|e| match e {
                AnyDelimiterCodecError::MaxChunkLengthExceeded => "too_large".into(),
                AnyDelimiterCodecError::Io(e) => event(e),
            }),
            Codec::Length(c) => step(c, b, end).map(|frame| frame.map(|f| f.to_vec())).map_err(event),
        }
    }

    fn encode(&mut self, payload: Vec<u8>) -> Result<BytesMut, String> {
        let mut b = BytesMut::new();
        let text = |payload| String::from_utf8(payload).map_err(|e| e.to_string());
        match self {
            Codec::Lines(c) => c.encode(text(payload)?, &mut b).map_err(|e| e.to_string())?,
            Codec::Any(c) => c.encode(text(payload)?, &mut b).map_err(|e| e.to_string())?,
            Codec::Length(c) => c.encode(Bytes::from(payload), &mut b).map_err(|e| e.to_string())?,
        }
        Ok(b)
    }
}

type Make = Box<dyn Fn() -> Codec>;

/// The name of the codec of a spec, and what makes it; None if there is none.
fn codec(s: &Spec, max: Option<usize>) -> Option<(&'static str, Make)> {
    match s.name.as_str() {
        "line" if s.only(&[]) => Some((
            "LinesCodec",
            Box::new(move || Codec::Lines(max.map_or_else(LinesCodec::new, LinesCodec::new_with_max_length))),
        )),
        "delimiter" if s.only(&[]) && s.delimiters.iter().all(|d| d.len() == 1) => {
            let (all, write) = (s.delimiters.concat(), s.delimiters[0].clone());
            let max = max.unwrap_or(usize::MAX);
            Some((
                "AnyDelimiterCodec",
                Box::new(move || Codec::Any(AnyDelimiterCodec::new_with_max_length(all.clone(), write.clone(), max))),
            ))
        }
        "length" if s.only(&["width", "order", "offset", "adjust", "includes-header", "strip", "keep"]) => {
            let (width, offset) = (s.number("width", 4), s.number("offset", 0));
            let strip = if s.get("keep").is_some() { 0 } else { s.number("strip", offset + width) };
            // length_adjustment is what the value lacks to the size of the frame after num_skip.
            let header = if s.get("includes-header").is_some() { 0 } else { offset + width };
            let adjust = s.number("adjust", 0) + header - strip;
            // max_frame_length is compared with the value.
            let max = max.map_or(usize::MAX, |max| max.saturating_add_signed(-adjust as isize));
            let little = s.get("order") == Some("little");
            Some((
                "LengthDelimitedCodec",
                Box::new(move || {
                    let mut b = length_delimited::Builder::new();
                    b.length_field_length(width as usize).length_field_offset(offset as usize);
                    b.length_adjustment(adjust as isize).num_skip(strip as usize).max_frame_length(max);
                    if little {
                        b.little_endian();
                    }
                    Codec::Length(b.new_codec())
                }),
            ))
        }
        _ => None,
    }
}

/// Plays a stream that is cut at some offsets as FramedRead does, which ends at an error of a
/// LengthDelimitedCodec that is repeated.
fn play(make: &Make, wire: &[u8], cuts: &[usize]) -> Vec<String> {
    let (mut codec, mut b, mut events, mut from) = (make(), BytesMut::new(), vec![], 0);
    let ends = cuts.iter().copied().chain([wire.len()]);
    for (to, end) in ends.map(|to| (to, false)).chain([(wire.len(), true)]) {
        b.extend_from_slice(&wire[from..to]);
        from = to;
        loop {
            match codec.decode(&mut b, end) {
                Ok(Some(payload)) => events.push(format!("frame {}", hex(&payload)).trim().to_string()),
                Ok(None) => break,
                Err(e) => {
                    let again = matches!(codec, Codec::Length(_)) && events.last() == Some(&e);
                    if !again {
                        events.push(e);
                    }
                    if again || end {
                        return events;
                    }
                }
            }
            if events.len() > wire.len() + 8 {
                events.push("error endless".into()); // it yields what no bytes are consumed for
                return events;
            }
        }
    }
    events
}

fn decode(v: &Value) -> Value {
    let spec = Spec::new(v["spec"].as_str().unwrap());
    let max = match &v["max_payload"] {
        Value::Null => None,
        Value::String(digits) => digits.parse().ok(),
        number => number.as_u64().map(|n| n as usize),
    };
    // The codecs for delimiters deliver what the end of the stream leaves; the other has no such option.
    let skip = v["accept_unterminated"].as_bool().is_some() && spec.name == "length";
    let (name, make) = match codec(&spec, max) {
        Some(found) if !skip => found,
        _ => return json!({"vector": v["name"], "skip": "no such configuration"}),
    };
    let wire = unhex(v["wire"].as_str().unwrap());
    let every: Vec<usize> = (1..wire.len()).collect();
    let played = catch_unwind(AssertUnwindSafe(|| {
        let whole = play(&make, &wire, &[]);
        let dripped = ("bytes".to_string(), play(&make, &wire, &every));
        let halves = every.iter().map(|&cut| (format!("cut {cut}"), play(&make, &wire, &[cut])));
        let cuts: Vec<_> = [dripped].into_iter().chain(halves).filter(|(_, events)| *events != whole).take(1).collect();
        (whole, cuts)
    }));
    let (events, cuts) = played.unwrap_or_else(|_| (vec!["error panic".to_string()], vec![]));
    json!({"decoder": format!("tokio-util {name}"), "vector": v["name"], "events": events, "cuts": cuts})
}

fn encode(v: &Value) -> Option<Value> {
    let spec = Spec::new(v["spec"].as_str().unwrap());
    // Bytes before the length field and others that are not delivered can't be configured.
    if !spec.only(&["width", "order", "adjust", "includes-header"]) {
        return None;
    }
    let (name, make) = codec(&spec, None)?;
    let payload = unhex(v["payload"].as_str().unwrap());
    if spec.name != "length" && std::str::from_utf8(&payload).is_err() {
        return None; // these encode text
    }
    let mut result = json!({"encoder": format!("tokio-util {name}"), "vector": v["name"]});
    match catch_unwind(AssertUnwindSafe(|| make().encode(payload))) {
        Ok(Ok(wire)) => result["wire"] = json!(hex(&wire)),
        Ok(Err(e)) => result["refused"] = json!(e),
        Err(_) => result["refused"] = json!("panic"),
    }
    Some(result)
}

fn vectors(kind: &str) -> Vec<Value> {
    let testdata = std::env::args().nth(1).expect("usage: vectors TESTDATA");
    let mut files: Vec<_> = std::fs::read_dir(format!("{testdata}/{kind}")).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    files.iter().flat_map(|f| serde_json::from_slice::<Vec<Value>>(&std::fs::read(f).unwrap()).unwrap()).collect()
}

fn main() {
    std::panic::set_hook(Box::new(|_| {})); // a panic is an event
    for v in vectors("decode") {
        println!("{}", decode(&v));
    }
    for result in vectors("encode").iter().filter_map(encode) {
        println!("{result}");
    }
}
