//! Echoes whole messages with tokio-util's own codecs: `forward` passes messages on while there are any, and flushes
//! when none is left.

use bytes::BytesMut;
use futures_util::{StreamExt, TryStreamExt};
use std::error::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec, LinesCodec};

const MAX_PAYLOAD: usize = 1 << 20;

#[derive(Clone, Copy)]
enum Framing {
    Line,
    Length,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut addr = "127.0.0.1:0".to_string();
    let mut framing = Framing::Line;
    for arg in std::env::args().skip(1) {
        match arg.split_once('=') {
            Some(("-addr", value)) => addr = value.to_string(),
            Some(("-framing", "line")) => framing = Framing::Line,
            Some(("-framing", "length")) => framing = Framing::Length,
            _ => return Err(format!("unknown argument: {arg}").into()),
        }
    }
    tokio::runtime::Builder::new_multi_thread()
        .enable_io()
        .build()?
        .block_on(serve(&addr, framing))
}

async fn serve(addr: &str, framing: Framing) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(addr).await?;
    let name = match framing {
        Framing::Line => "line",
        Framing::Length => "length",
    };
    eprintln!("msg=listening addr={} framing={}", listener.local_addr()?, name);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            if let Err(err) = echo(stream, framing).await {
                eprintln!("connection lost: {err}");
            }
        });
    }
}

async fn echo(mut stream: TcpStream, framing: Framing) -> Result<(), Box<dyn Error>> {
    stream.set_nodelay(true)?;
    let (read, write) = stream.split();
    match framing {
        Framing::Line => {
            FramedRead::new(read, LinesCodec::new_with_max_length(MAX_PAYLOAD))
                .forward(FramedWrite::new(write, LinesCodec::new()))
                .await?
        }
        Framing::Length => {
            let lengths = LengthDelimitedCodec::builder()
                .max_frame_length(MAX_PAYLOAD)
                .new_codec();
            FramedRead::new(read, lengths.clone())
                .map_ok(BytesMut::freeze)
                .forward(FramedWrite::new(write, lengths))
                .await?
        }
    }
    Ok(())
}
