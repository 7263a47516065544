//! Echo on tokio-util's codecs: echo HOST:PORT line|length.
//!
//! After tokio's tutorial and the documentation of tokio_util::codec. The shutdown is that of
//! mini-redis: a signal is broadcast, each task ends when it next looks, and main waits for all.
use futures::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{signal, SignalKind};
use tokio::sync::{broadcast, mpsc};
use tokio_util::codec::{Decoder, Encoder, Framed, LengthDelimitedCodec, LinesCodec};

const MAX: usize = 1 << 20;

async fn echo<C, M, R>(
    mut framed: Framed<TcpStream, C>,
    mut stop: broadcast::Receiver<()>,
    reply: R,
) -> Result<(), <C as Decoder>::Error>
where
    C: Decoder + Encoder<M, Error = <C as Decoder>::Error>,
    R: Fn(C::Item) -> M,
{
    loop {
        let payload = tokio::select! {
            payload = framed.next() => payload,
            _ = stop.recv() => return Ok(()),
        };
        match payload {
            Some(payload) => framed.send(reply(payload?)).await?,
            None => return Ok(()),
        }
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let line = args[2] == "line";
    let listener = TcpListener::bind(&args[1]).await?;
    let (stop, _) = broadcast::channel::<()>(1);
    let (done, mut all_done) = mpsc::channel::<()>(1);
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    loop {
        let socket = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => socket,
                Err(_) => continue,
            },
            _ = term.recv() => break,
            _ = interrupt.recv() => break,
        };
        let (stopped, done) = (stop.subscribe(), done.clone());
        tokio::spawn(async move {
            let _done = done;
            // An error ends the connection; there is nobody to tell.
            if line {
                let codec = LinesCodec::new_with_max_length(MAX);
                let _ = echo(Framed::new(socket, codec), stopped, |payload| payload).await;
            } else {
                let codec = LengthDelimitedCodec::builder().max_frame_length(MAX).new_codec();
                let _ = echo(Framed::new(socket, codec), stopped, |payload| payload.freeze()).await;
            }
        });
    }
    drop(listener);
    drop(stop);
    drop(done);
    let _ = all_done.recv().await;
    Ok(())
}
