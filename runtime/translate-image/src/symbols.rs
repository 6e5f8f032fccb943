//! The symbols, written beside the image in the same pass, where somebody wants them.
//!
//! While a function is emitted its instructions' places in the Wasm are kept in a buffer: some are
//! taken back, and what is put before them is known only at the end. Then they are written, as
//! the function's code is. Without the feature `symbols` nothing of this is there.

use crate::translator::ImageBackend;
use crate::{Limit, Output};
use mote_image::{
    HEADER_BYTES, Origin, SYMBOLS_HEADER_BYTES, SymbolBytes, SymbolsHeader, crc32_continue,
};

/// Whether symbols can be written.
pub(crate) const SYMBOLS: bool = cfg!(feature = "symbols");

/// Where a function's code comes from, instruction by instruction, if somebody wants to know.
#[derive(Debug, Default)]
pub(crate) struct Origins<'b> {
    /// Where in the Wasm what is emitted now comes from.
    pub(crate) at_hand: u32,
    /// An entry wherever that changed; places in the code are counted from the function's start.
    places: Option<&'b mut [Origin]>,
    count: usize,
}

impl Origins<'_> {
    /// A function begins.
    pub(crate) fn clear(&mut self) {
        self.count = 0;
    }

    /// Notes where the instruction comes from that is about to be emitted there. What was noted
    /// for instructions that were taken back is forgotten.
    pub(crate) fn keep(&mut self, code_offset: u32) -> Result<(), Limit> {
        let Some(places) = self.places.as_deref_mut().filter(|_| SYMBOLS) else {
            return Ok(());
        };
        let wasm_offset = self.at_hand;
        let before = loop {
            let before = self.count.checked_sub(1);
            let Some((index, last)) = before.and_then(|i| Some((i, places.get(i)?))) else {
                break None;
            };
            if last.code_offset < code_offset {
                break Some(last.wasm_offset);
            }
            self.count = index;
        };
        if before != Some(wasm_offset) {
            let place = places.get_mut(self.count).ok_or(Limit::Symbols)?;
            *place = Origin {
                code_offset,
                wasm_offset,
            };
            self.count = self.count.saturating_add(1);
        }
        Ok(())
    }

    fn as_slice(&self) -> &[Origin] {
        let places = self.places.as_deref().unwrap_or(&[]);
        places.get(..self.count).unwrap_or(&[])
    }
}

/// Where symbols go, and what was written of them.
pub(crate) struct SymbolsWriter<'b> {
    output: &'b mut dyn Output,
    at: u32,
    /// The last entry of the map.
    before: Origin,
    map_bytes: u32,
}

const HEADER: u32 = 32;
const _: () = assert!(SYMBOLS_HEADER_BYTES == HEADER as usize);

impl SymbolsWriter<'_> {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Limit> {
        self.output.write(self.at, bytes)?;
        let length = u32::try_from(bytes.len()).map_err(|_| Limit::Output)?;
        self.at = self.at.checked_add(length).ok_or(Limit::Output)?;
        Ok(())
    }

    fn origin(&mut self, origin: Origin) -> Result<(), Limit> {
        self.append(SymbolBytes::of_origin(self.before, origin).as_bytes())?;
        self.before = origin;
        self.map_bytes = self.at.wrapping_sub(HEADER);
        Ok(())
    }
}

impl<'b> ImageBackend<'b> {
    /// Writes symbols, too. `origins` is a buffer for one function's: as many as there are
    /// instructions in it suffice.
    #[cfg(feature = "symbols")]
    #[must_use]
    pub fn with_symbols(mut self, output: &'b mut dyn Output, origins: &'b mut [Origin]) -> Self {
        self.selector.code.origins.places = Some(origins);
        self.symbols = Some(SymbolsWriter {
            output,
            at: HEADER,
            before: Origin::default(),
            map_bytes: 0,
        });
        self
    }

    /// What is told from now on comes from there.
    pub(crate) fn comes_from(&mut self, offset: u32) {
        #[cfg(feature = "symbols")]
        {
            self.selector.code.origins.at_hand = offset;
            self.selector.nodes.origin = offset;
        }
        let _ = offset;
    }

    fn noted(&mut self, done: Result<(), Limit>) {
        if let Err(limit) = done {
            self.fail(limit);
        }
    }

    /// Writes where a function's code comes from. It begins at `start`, and what was emitted for
    /// its instructions begins at `instructions`.
    pub(crate) fn write_origins(&mut self, start: u32, instructions: u32) {
        let done = self.try_origins(start, instructions);
        self.noted(done);
    }

    pub(crate) fn write_name(&mut self, function: u32, name: &str) {
        let done = self.try_name(function, name);
        self.noted(done);
    }

    /// Writes the symbols' header, once the image's is known.
    pub(crate) fn finish_symbols(&mut self, header: &[u8; HEADER_BYTES]) {
        let done = self.try_finish(header);
        self.noted(done);
    }

    fn try_origins(&mut self, start: u32, instructions: u32) -> Result<(), Limit> {
        let Some(symbols) = self.symbols.as_mut().filter(|_| SYMBOLS) else {
            return Ok(());
        };
        if start != instructions {
            symbols.origin(Origin {
                code_offset: start,
                wasm_offset: self.body_offset,
            })?;
        }
        for origin in self.selector.code.origins.as_slice() {
            symbols.origin(Origin {
                code_offset: origin.code_offset.saturating_add(instructions),
                wasm_offset: origin.wasm_offset,
            })?;
        }
        Ok(())
    }

    fn try_name(&mut self, function: u32, name: &str) -> Result<(), Limit> {
        let Some(symbols) = self.symbols.as_mut().filter(|_| SYMBOLS) else {
            return Ok(());
        };
        let length = u32::try_from(name.len()).map_err(|_| Limit::Output)?;
        symbols.append(SymbolBytes::of_name(function, length).as_bytes())?;
        symbols.append(name.as_bytes())
    }

    fn try_finish(&mut self, header: &[u8; HEADER_BYTES]) -> Result<(), Limit> {
        let Some(symbols) = self.symbols.as_mut().filter(|_| SYMBOLS) else {
            return Ok(());
        };
        let [_, _, image_bytes, image_crc, ..] = header.as_chunks::<4>().0 else {
            return Ok(());
        };
        let head = SymbolsHeader {
            image_bytes: u32::from_le_bytes(*image_bytes),
            image_crc: u32::from_le_bytes(*image_crc),
            map_bytes: symbols.map_bytes,
        };
        let output = &mut *symbols.output;
        let bytes = head.to_bytes(symbols.at, |crc| {
            let body = output.written().get(SYMBOLS_HEADER_BYTES..);
            crc32_continue(crc, body.unwrap_or(&[]))
        });
        output.write(0, &bytes)
    }
}
