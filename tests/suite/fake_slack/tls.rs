//! A TLS server on loopback with a certificate that nobody signed.
//!
//! A client that is worth anything never gets past the handshake. What one sends that does is kept, so that a
//! test can show it: that would be the secret in the request line, in the hands of a stranger.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};
use tokio_rustls::{TlsAcceptor, rustls};

use crate::patience::within_patience;

/// The running server. It stops when it is dropped.
pub(crate) struct FakeTls {
    address: SocketAddr,
    certificate: Vec<u8>,
    handshakes: watch::Sender<usize>,
    decrypted: Arc<Mutex<Vec<u8>>>,
    accepting: JoinHandle<()>,
}

impl FakeTls {
    /// Starts with a fresh self-signed certificate for `localhost`.
    pub(crate) async fn start() -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).expect("a plain name makes a certificate");
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let config =
            rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("ring serves the default versions")
                .with_no_client_auth()
                .with_single_cert(vec![cert.der().clone()], key.into())
                .expect("the key fits the certificate");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let handshakes = watch::Sender::new(0);
        let decrypted = Arc::new(Mutex::new(Vec::new()));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let accepting = tokio::spawn(accept(listener, acceptor, handshakes.clone(), Arc::clone(&decrypted)));
        Self { address, certificate: cert.der().to_vec(), handshakes, decrypted, accepting }
    }

    /// A webhook of this server; the name is the one in the certificate, so that only its issuer is wrong.
    pub(crate) fn webhook(&self, secret: &str) -> String {
        format!("https://localhost:{}/services/T00000000/B00000000/{secret}", self.address.port())
    }

    /// The certificate (DER), for a client that is to trust it.
    pub(crate) fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Waits until that many connections have come to the end of their handshake, good or bad.
    pub(crate) async fn wait_for_handshakes(&self, count: usize) {
        let mut ended = self.handshakes.subscribe();
        let what = format!("{count} TLS handshakes");
        within_patience(&what, ended.wait_for(|ended| *ended >= count)).await.expect("the sender lives");
    }

    /// Everything that clients sent after a handshake: nothing, where they check certificates.
    pub(crate) fn decrypted(&self) -> Vec<u8> {
        self.decrypted.lock().expect("no holder panics").clone()
    }
}

impl Drop for FakeTls {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    handshakes: watch::Sender<usize>,
    decrypted: Arc<Mutex<Vec<u8>>>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, handshakes) = (acceptor.clone(), handshakes.clone());
        tokio::spawn(serve(stream, acceptor, handshakes, Arc::clone(&decrypted)));
    }
}

/// Reads what comes after the handshake and hangs up without an answer.
async fn serve(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    handshakes: watch::Sender<usize>,
    decrypted: Arc<Mutex<Vec<u8>>>,
) {
    if let Ok(mut stream) = acceptor.accept(stream).await {
        let mut received = vec![0; 64 * 1_024];
        if let Ok(length) = stream.read(&mut received).await {
            decrypted.lock().expect("no holder panics").extend(&received[..length]);
        }
    }
    handshakes.send_modify(|ended| *ended += 1);
}
