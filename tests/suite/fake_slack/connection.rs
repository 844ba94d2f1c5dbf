//! One TCP connection to the fake Slack: requests in, scripted answers out.
//!
//! Raw TCP, because the point is to misbehave below HTTP, and to keep every byte as it came. An I/O error
//! ends the connection and is no error of the fake's: the client is free to leave at any moment.

use std::{
    io::{self, ErrorKind},
    sync::Arc,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
};

use super::{
    Shared,
    answer::{Answer, Body, Wire},
    post::MAX_HEADERS,
};

/// Serves requests until either side has enough.
pub(super) async fn serve(mut stream: TcpStream, number: usize, slack: Arc<Shared>) {
    let mut closing = slack.closing.subscribe();
    // The client left in the middle: what the tests ask about was recorded before.
    _ = serve_requests(&mut stream, number, &slack, &mut closing).await;
    drop(stream);
    slack.open.send_modify(|open| _ = open.remove(&number));
}

async fn serve_requests(
    stream: &mut TcpStream,
    number: usize,
    slack: &Shared,
    closing: &mut watch::Receiver<()>,
) -> io::Result<()> {
    // Head and body go out as two writes, which must not wait for each other.
    stream.set_nodelay(true)?;
    loop {
        let mut first_byte = [0];
        tokio::select! {
            biased;
            _ = closing.changed() => return Ok(()),
            read = stream.peek(&mut first_byte) => if read? == 0 { return Ok(()) },
        }
        if let Some(answer) = slack.answer_before_reading() {
            return answer_unread(stream, answer).await;
        }
        let (head, body) = read_request(stream).await?;
        let (post, answer) = slack.receive(head, body, number);
        if !answer_request(stream, slack, post, answer).await? {
            return Ok(());
        }
    }
}

async fn answer_unread(stream: &mut TcpStream, answer: Answer) -> io::Result<()> {
    match answer.wire {
        Wire::Garbage(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await?;
            until_the_client_leaves(stream).await
        }
        _ => stream.set_zero_linger(),
    }
}

/// Sends one answer; says whether the connection may carry another request.
async fn answer_request(
    stream: &mut TcpStream,
    slack: &Shared,
    post: usize,
    answer: Answer,
) -> io::Result<bool> {
    if let Some(gate) = &answer.gate {
        gate.passed().await;
    }
    match answer.wire {
        Wire::Silent => {
            until_the_client_leaves(stream).await?;
            return Ok(false);
        }
        Wire::ResetsUnanswered => {
            stream.set_zero_linger()?;
            return Ok(false);
        }
        Wire::Answers | Wire::ResetsUnread | Wire::Garbage(_) => {}
    }
    slack.note_window(&answer);
    stream.write_all(head_of(&answer).as_bytes()).await?;
    if has_no_body(answer.status) {
        return Ok(!answer.closes);
    }
    let sent = send_body(stream, &answer.body, |bytes| slack.note_answered(post, bytes)).await;
    match (sent, answer.body) {
        (Ok(()), Body::Whole(_) | Body::Drip { .. }) => Ok(!answer.closes),
        (Ok(()), Body::Stuck(_)) => until_the_client_leaves(stream).await.map(|()| false),
        (Ok(()), Body::CutShort(_) | Body::Endless(_)) => Ok(false),
        (Err(error), _) => Err(error),
    }
}

fn head_of(answer: &Answer) -> String {
    let mut head = format!("HTTP/1.1 {} Scripted\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    match promised_length(&answer.body) {
        Some(length) if !has_no_body(answer.status) => {
            head.extend(["Content-Length: ", &length.to_string(), "\r\n"]);
        }
        _ => {}
    }
    if answer.closes {
        head += "Connection: close\r\n";
    }
    head + "\r\n"
}

/// The statuses that HTTP gives no body: with one, the client would read it as the next answer.
fn has_no_body(status: u16) -> bool {
    matches!(status, 100..=199 | 204 | 304)
}

/// The length that the head promises; none means that the body ends with the connection.
fn promised_length(body: &Body) -> Option<usize> {
    match body {
        Body::Whole(bytes) | Body::Drip { bytes, .. } => Some(bytes.len()),
        Body::CutShort(bytes) | Body::Stuck(bytes) => Some(bytes.len() + 1_000),
        Body::Endless(_) => None,
    }
}

async fn send_body(stream: &mut TcpStream, body: &Body, mut sent: impl FnMut(usize)) -> io::Result<()> {
    match body {
        Body::Whole(bytes) | Body::CutShort(bytes) | Body::Stuck(bytes) => {
            stream.write_all(bytes).await?;
            sent(bytes.len());
        }
        Body::Drip { bytes, every } => {
            for byte in bytes {
                // The slowness is the fault itself, not a wait for something.
                tokio::time::sleep(*every).await;
                stream.write_all(&[*byte]).await?;
                sent(1);
            }
        }
        Body::Endless(bytes) => loop {
            stream.write_all(bytes).await?;
            sent(bytes.len());
        },
    }
    Ok(())
}

async fn until_the_client_leaves(stream: &mut TcpStream) -> io::Result<()> {
    let mut ignored = [0; 4_096];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(())
}

/// Reads one request with a length, as every JSON client here sends it.
async fn read_request(stream: &mut TcpStream) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut received = Vec::new();
    let (head_end, length) = loop {
        if stream.read_buf(&mut received).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if let Some(head) = parse_head(&received)? {
            break head;
        }
    };
    while received.len() < head_end + length {
        if stream.read_buf(&mut received).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
    let body = received.split_off(head_end);
    Ok((received, body))
}

/// Where the head ends and how long the body is; `None` while the head is not whole.
fn parse_head(received: &[u8]) -> io::Result<Option<(usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let parsed = request.parse(received).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
    let httparse::Status::Complete(end) = parsed else { return Ok(None) };
    let length = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.map_or("0".into(), |header| String::from_utf8_lossy(header.value));
    Ok(Some((end, length.trim().parse().map_err(|_| ErrorKind::InvalidData)?)))
}
