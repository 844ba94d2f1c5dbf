//! The objects below one place, read one after another as files are, while the next ones are on their way.
//!
//! No connection is kept open while a reader is busy elsewhere: an object is fetched in parts. Memory is bounded by the
//! parts that are ahead.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use bytes::{Buf as _, Bytes};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{Bucket, Location, Object, S3Error, keys};

/// Of a part.
const PART_BYTES: u64 = 1024 * 1024;
/// Parts that are there or on their way, beyond the one that each open object needs next.
const PARTS_AHEAD: usize = 32;
/// Of one object that is read.
const OF_ONE: usize = 4;
/// Objects behind the one that is read whose first part is asked for.
const OBJECTS_AHEAD: usize = 8;

/// The objects below one place, in the order of time.
#[derive(Clone)]
pub struct Objects(Arc<Shared>);

struct Shared {
    bucket: Bucket,
    objects: Vec<Object>,
    runtime: Handle,
    /// Ends the thread of the runtime when it is dropped.
    _running: oneshot::Sender<()>,
    /// First parts that were asked for before their object was opened.
    begun: Mutex<HashMap<usize, Part>>,
    room: Arc<Semaphore>,
}

/// A part of an object, here or on its way.
struct Part {
    bytes: oneshot::Receiver<Result<Bytes, S3Error>>,
    _room: Option<OwnedSemaphorePermit>,
}

impl Objects {
    /// Lists them, those whose keys have no time first. What a folder would leave out (`README*`, dot files, what
    /// CloudWatch Logs writes to try the bucket) and what is empty is left out. The requests are made in a thread of
    /// their own.
    pub fn list(mut bucket: Bucket, location: &Location) -> Result<Self, S3Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|_| S3Error::NoRuntime)?;
        let mut objects = runtime.block_on(bucket.list(&location.prefix))?;
        objects.retain(|object| keys::is_input(object.key()));
        if objects.is_empty() {
            return Err(S3Error::NoObject);
        }
        objects.sort_by_cached_key(|object| (keys::time(object.key()), object.key().to_owned()));
        let handle = runtime.handle().clone();
        let (running, ended) = oneshot::channel();
        thread::spawn(move || {
            // An error: the sender was dropped, which is the end.
            let _: Result<(), _> = runtime.block_on(ended);
        });
        Ok(Self(Arc::new(Shared {
            bucket,
            objects,
            runtime: handle,
            _running: running,
            begun: Mutex::default(),
            room: Arc::new(Semaphore::new(PARTS_AHEAD)),
        })))
    }

    /// What was found, in its order.
    #[must_use]
    pub fn all(&self) -> &[Object] {
        &self.0.objects
    }

    /// Reads the object at this position, once; nothing where there is none. The next ones are begun.
    #[must_use]
    pub fn open(&self, position: usize) -> ObjectReader {
        let size = self.all().get(position).map_or(0, |object| object.size);
        let mut begun = self.0.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let first = begun.remove(&position);
        let asked = if first.is_some() { PART_BYTES.min(size) } else { 0 };
        let mut reader = ObjectReader {
            objects: self.clone(),
            position,
            size,
            asked,
            parts: first.into_iter().collect(),
            at_hand: Bytes::new(),
        };
        reader.ask_ahead();
        for next in position + 1..=position + OBJECTS_AHEAD {
            if begun.contains_key(&next) || next >= self.all().len() {
                continue;
            }
            let Ok(room) = Arc::clone(&self.0.room).try_acquire_owned() else { break };
            begun.insert(next, self.part(next, 0, Some(room)));
        }
        drop(begun);
        reader
    }

    /// Asks for the part that begins at an offset.
    fn part(&self, position: usize, from: u64, room: Option<OwnedSemaphorePermit>) -> Part {
        let (sender, bytes) = oneshot::channel();
        if let Some(object) = self.all().get(position).cloned() {
            let bucket = self.0.bucket.clone();
            self.0.runtime.spawn(async move {
                let range = from..(from + PART_BYTES).min(object.size);
                let length = range.end - range.start;
                let got = bucket.get(&object, range).await;
                let is_whole = |bytes: &Bytes| bytes.len() as u64 == length;
                // Whoever waited may be gone.
                let _ = sender.send(
                    got.and_then(|bytes| if is_whole(&bytes) { Ok(bytes) } else { Err(S3Error::Changed) }),
                );
            });
        }
        Part { bytes, _room: room }
    }
}

/// The bytes of one object.
pub struct ObjectReader {
    objects: Objects,
    position: usize,
    size: u64,
    /// Up to where parts were asked for.
    asked: u64,
    parts: VecDeque<Part>,
    at_hand: Bytes,
}

impl ObjectReader {
    /// The next part in any case, and more where there is room.
    fn ask_ahead(&mut self) {
        while self.asked < self.size && self.parts.len() < OF_ONE {
            let room = Arc::clone(&self.objects.0.room).try_acquire_owned().ok();
            if room.is_none() && !self.parts.is_empty() {
                return;
            }
            self.parts.push_back(self.objects.part(self.position, self.asked, room));
            self.asked = (self.asked + PART_BYTES).min(self.size);
        }
    }
}

impl Read for ObjectReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at_hand.is_empty() && !out.is_empty() {
            self.ask_ahead();
            let Some(part) = self.parts.pop_front() else { return Ok(0) };
            let got = part.bytes.blocking_recv().unwrap_or(Err(S3Error::NoRuntime));
            self.at_hand = got.map_err(io::Error::other)?;
        }
        let length = out.len().min(self.at_hand.len());
        self.at_hand.copy_to_slice(out.get_mut(..length).unwrap_or_default());
        Ok(length)
    }
}
