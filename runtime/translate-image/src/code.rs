//! A function's code in the making: a buffer, branches that await their target, and peepholes.
//!
//! Flash cannot be patched, so a function's code is held in RAM until its branches are known.
//! Slots beyond the reach of a byte are fetched to slots within it here, so that nobody else
//! needs to know.

use crate::Limit;
use crate::forms::{Family, Form, Letter, find};
use crate::operators::opposite;
use crate::symbols::Origins;
use mote_image::{Class, Encoded, INSTRUCTIONS, Kind, Shape, opcode};
use mote_translate::Label;

/// A branch that awaits its target.
#[derive(Clone, Copy, Debug)]
pub struct Fixup {
    /// The instruction.
    start: u32,
    /// The operand, in bytes from the instruction's start; [`FAR`] besides if it is a word.
    field: u32,
    /// The next one that awaits the same target, or the next free one.
    next: u32,
    /// The locals that were written before it: two words, for a `u64` would be aligned, which
    /// takes a word more.
    written: [u32; 2],
}

/// No field is so far from its instruction.
const FAR: u32 = 1 << 31;

impl Fixup {
    /// What is in the buffer before.
    pub const EMPTY: Self = Self {
        start: 0,
        field: 0,
        next: 0,
        written: [0; 2],
    };
}

const NONE: u32 = u32::MAX;

#[expect(clippy::cast_possible_truncation, reason = "halves are meant")]
const fn halves(word: u64) -> [u32; 2] {
    [word as u32, (word >> 32) as u32]
}

/// How many slots are within reach when a frame is large, to fetch others to.
pub(crate) const LOW_WORDS: u32 = 8;

/// Instructions that write the accumulator.
static WRITES_ACCUMULATOR: [bool; INSTRUCTIONS.len()] = writes_accumulator();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which refuses what goes wrong"
)]
const fn writes_accumulator() -> [bool; INSTRUCTIONS.len()] {
    let mut writes = [false; INSTRUCTIONS.len()];
    let mut number = 0;
    while number < INSTRUCTIONS.len() {
        writes[number] = matches!(
            INSTRUCTIONS[number].class,
            Class::value | Class::slow | Class::float | Class::float_slow
        );
        number = number.wrapping_add(1);
    }
    writes[opcode::global_get as usize] = true;
    writes[opcode::global_get_d as usize] = true;
    writes
}

/// Tells whether an instruction leaves something else in the accumulator.
pub(crate) fn writes(opcode: u16) -> bool {
    let calls = matches!(
        opcode,
        opcode::call | opcode::call_import | opcode::call_indirect
    );
    calls || WRITES_ACCUMULATOR.get(usize::from(opcode)) == Some(&true)
}

/// What an instruction's operands are, but for the accumulator.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Operands {
    values: [(u8, i64); 6],
    count: usize,
    to: Option<u32>,
    charge: u32,
    target: i64,
}

impl Operands {
    pub(crate) fn with(mut self, letter: Letter, value: i64) -> Self {
        let bytes = match letter {
            Letter::K => return self,
            Letter::S | Letter::P | Letter::B => 1,
            Letter::H | Letter::U => 2,
            Letter::W => 4,
        };
        if let Some(place) = self.values.get_mut(self.count) {
            *place = (bytes, value);
            self.count = self.count.saturating_add(1);
        }
        self
    }

    pub(crate) const fn to(mut self, to: Option<u32>) -> Self {
        self.to = to;
        self
    }

    /// Puts the operands in the order of their bytes.
    fn arrange(&self, opcode: u16) -> ([i64; 8], usize) {
        let mut arranged = [0; 8];
        let mut count = 0usize;
        let mut taken = [false; 6];
        for (kind, _) in Shape::of(opcode).into_iter().flat_map(Shape::places) {
            let value = match kind {
                Kind::K => 0,
                Kind::D | Kind::Q => i64::from(self.to.unwrap_or(0)),
                Kind::C => i64::from(self.charge),
                Kind::T | Kind::R => self.target,
                _ => {
                    let bytes = kind.bytes();
                    let mut values = self.values.iter().zip(&mut taken).take(self.count);
                    let found =
                        values.find(|((size, _), taken)| !**taken && usize::from(*size) == bytes);
                    found.map_or(0, |((_, value), taken)| {
                        *taken = true;
                        *value
                    })
                }
            };
            if let Some(place) = arranged.get_mut(count) {
                *place = value;
            }
            count = count.saturating_add(1);
        }
        (arranged, count)
    }
}

/// The last moves, which further ones may join.
#[derive(Clone, Copy, Debug, Default)]
struct Moves {
    start: usize,
    end: usize,
    pairs: [[u32; 2]; 4],
    count: usize,
}

/// The code of a function.
#[derive(Debug)]
pub(crate) struct Code<'b> {
    bytes: &'b mut [u8],
    used: usize,
    fixups: &'b mut [Fixup],
    free: u32,
    /// Where the last instruction begins, unless control may come in after it.
    last: Option<usize>,
    moves: Moves,
    /// The slot whose value the accumulator has, too.
    pub(crate) accumulator: Option<u32>,
    /// Slots to fetch others to, if the frame is large.
    pub(crate) low: Option<u32>,
    /// Whether branches may be farther than a halfword can say.
    pub(crate) far: bool,
    /// The first of the slots that are looked at here.
    first_local: u32,
    /// Where they end.
    locals_end: u32,
    /// Which of the first 64 locals were written on every way here, a bit each; all of them where
    /// there is no way.
    pub(crate) written: u64,
    /// Which of them are read where they may not have been written: they have to be zeroed.
    pub(crate) unwritten_reads: u64,
    /// Where the code so far comes from.
    pub(crate) origins: Origins<'b>,
}

impl<'b> Code<'b> {
    pub(crate) fn new(bytes: &'b mut [u8], fixups: &'b mut [Fixup]) -> Self {
        let mut next = 1;
        for fixup in fixups.iter_mut() {
            fixup.next = next;
            next = next.saturating_add(1);
        }
        if let Some(last) = fixups.last_mut() {
            last.next = NONE;
        }
        let free = if fixups.is_empty() { NONE } else { 0 };
        Self {
            bytes,
            used: 0,
            fixups,
            free,
            last: None,
            moves: Moves::default(),
            accumulator: None,
            low: None,
            far: false,
            first_local: 0,
            locals_end: 0,
            written: 0,
            unwritten_reads: 0,
            origins: Origins::default(),
        }
    }

    pub(crate) fn begin(&mut self, low: Option<u32>, far: bool, locals: core::ops::Range<u32>) {
        self.first_local = locals.start;
        self.locals_end = locals.end;
        self.written = 0;
        self.unwritten_reads = 0;
        self.used = 0;
        self.origins.clear();
        self.low = low;
        self.far = far;
        self.barrier();
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.used).unwrap_or(&[])
    }

    pub(crate) fn position(&self) -> u32 {
        u32::try_from(self.used).unwrap_or(NONE)
    }

    /// Control may come in here: nothing is known of what went before.
    pub(crate) fn barrier(&mut self) {
        self.accumulator = None;
        self.last = None;
        self.moves.count = 0;
    }

    fn local_bits(&self, slot: u32, words: u32) -> u64 {
        let bit = |slot: u32| match slot.checked_sub(self.first_local) {
            Some(local) if local < 64 && slot < self.locals_end => 1u64.wrapping_shl(local),
            _ => 0,
        };
        (slot..slot.saturating_add(words))
            .map(bit)
            .fold(0, |bits, bit| bits | bit)
    }

    /// A local is read here.
    pub(crate) fn reads(&mut self, slot: u32, words: u32) {
        self.unwritten_reads |= self.local_bits(slot, words) & !self.written;
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Limit> {
        let end = self.used.checked_add(bytes.len()).ok_or(Limit::Code)?;
        self.bytes
            .get_mut(self.used..end)
            .ok_or(Limit::Code)?
            .copy_from_slice(bytes);
        self.used = end;
        Ok(())
    }

    fn raw(&mut self, opcode: u16, operands: &[i64]) -> Result<(), Limit> {
        let encoded = Encoded::new(opcode, operands).ok_or(Limit::Operand)?;
        self.last = Some(self.used);
        self.origins.keep(self.position())?;
        self.append(encoded.as_bytes())
    }

    /// Emits an instruction, with its operands in the order of their bytes.
    pub(crate) fn emit(&mut self, opcode: u16, operands: &[i64]) -> Result<(), Limit> {
        let shape = Shape::of(opcode).ok_or(Limit::Operand)?;
        let mut near = [0i64; 8];
        let mut back: [Option<(u32, u32)>; 3] = [None; 3];
        let mut low = 0u32;
        let mut written: Option<(u32, u32)> = None;
        for (((kind, _), &value), place) in shape.places().zip(operands).zip(&mut near) {
            *place = value;
            let (words, reads, writes) = match kind {
                Kind::S => (1, true, false),
                Kind::D => (1, false, true),
                Kind::V => (1, true, true),
                Kind::P => (2, true, false),
                Kind::Q => (2, false, true),
                Kind::S2 => (2, true, true),
                Kind::S3 => (3, true, true),
                _ => continue,
            };
            let slot = u32::try_from(value).map_err(|_| Limit::Operand)?;
            if writes {
                written = Some((slot, if opcode == opcode::zero { 255 } else { words }));
            }
            if slot.saturating_add(words) <= 256 {
                continue;
            }
            let base = self.low.ok_or(Limit::Frame)?.saturating_add(low);
            *place = i64::from(base);
            for word in 0..words {
                let (near, far) = (base.saturating_add(word), slot.saturating_add(word));
                if reads {
                    self.raw(opcode::far_get, &[near.into(), far.into()])?;
                }
                if writes && let Some(place) = back.get_mut(word as usize) {
                    *place = Some((near, far));
                }
            }
            // The result may take the place of an operand: those are read first.
            if reads {
                low = low.saturating_add(words);
            }
            if low > LOW_WORDS {
                return Err(Limit::Frame);
            }
        }
        let near = near.get(..operands.len()).unwrap_or(&[]);
        match in_place(opcode, near) {
            Some((opcode, operands)) => self.raw(opcode, &operands)?,
            None => self.raw(opcode, near)?,
        }
        for (near, far) in back.into_iter().flatten() {
            self.raw(opcode::far_set, &[near.into(), far.into()])?;
        }
        if let Some((slot, words)) = written
            && opcode != opcode::zero
        {
            self.written |= self.local_bits(slot, words);
        }
        let overwritten =
            |slot: u32| written.is_some_and(|(first, words)| slot.wrapping_sub(first) < words);
        if writes(opcode) {
            self.accumulator = written.map(|(slot, _)| slot);
        } else if opcode == opcode::keep_d {
            self.accumulator = written.map(|(slot, _)| slot);
        } else if self.accumulator.is_some_and(overwritten) {
            self.accumulator = None;
        }
        Ok(())
    }

    /// Emits the instruction of a family that has this form. There has to be one.
    pub(crate) fn emit_form(
        &mut self,
        family: Family,
        form: Form,
        operands: &Operands,
    ) -> Result<(), Limit> {
        let opcode = find(family, form.to_slot(operands.to.is_some())).ok_or(Limit::Operand)?;
        let (arranged, count) = operands.arrange(opcode);
        self.emit(opcode, arranged.get(..count).unwrap_or(&[]))
    }

    /// Copies a slot to another, together with the moves before if there are any.
    pub(crate) fn emit_move(&mut self, from: u32, to: u32) -> Result<(), Limit> {
        if self.accumulator == Some(from) {
            return self.emit(opcode::keep_d, &[0, to.into()]);
        }
        if from > 255 || to > 255 {
            return self.emit(opcode::move_s_d, &[from.into(), to.into()]);
        }
        self.written |= self.local_bits(to, 1);
        if self.moves.count == 0 || self.moves.count == 4 || self.moves.end != self.used {
            self.moves.count = 0;
            self.moves.start = self.used;
        }
        if let Some(place) = self.moves.pairs.get_mut(self.moves.count) {
            *place = [from, to];
        }
        self.moves.count = self.moves.count.saturating_add(1);
        self.used = self.moves.start;
        let [[a, b], [c, d], [e, f], [g, h]] = self.moves.pairs.map(|pair| pair.map(i64::from));
        match self.moves.count {
            1 => self.raw(opcode::move_s_d, &[a, b])?,
            2 => self.raw(opcode::move_2, &[a, b, c, d])?,
            3 => {
                self.raw(opcode::move_2, &[a, b, c, d])?;
                self.raw(opcode::move_s_d, &[e, f])?;
            }
            _ => self.raw(opcode::move_4, &[a, b, c, d, e, f, g, h])?,
        }
        self.moves.end = self.used;
        if self.accumulator == Some(to) {
            self.accumulator = None;
        }
        Ok(())
    }

    /// Takes back the last instruction if it adds to a slot what is in a slot or an immediate:
    /// for a loop's end to do both. Returns the letter and value of what it adds.
    pub(crate) fn take_increment(&mut self, counter: u32) -> Option<(Letter, i64)> {
        let start = self.last?;
        let last = mote_image::Instruction::decode(self.bytes.get(start..self.used)?)?;
        let [a, b] = [0, 1].map(|index| last.operand(index));
        let counter = i64::from(counter);
        let added = match last.opcode {
            opcode::add_v_h if a == counter => (Letter::H, b),
            opcode::add_v_s if a == counter => (Letter::S, b),
            _ => return None,
        };
        self.used = start;
        self.last = None;
        self.accumulator = None;
        Some(added)
    }

    // --- Branches.

    /// Emits a jump ahead.
    pub(crate) fn jump(&mut self, label: &mut Label) -> Result<(), Limit> {
        let start = self.used;
        if self.far {
            self.emit(opcode::jump_far, &[0])?;
        } else {
            self.emit(opcode::jump, &[0])?;
        }
        self.await_label(label, start, 2, self.far)
    }

    /// Emits a jump back.
    pub(crate) fn jump_back(&mut self, head: u32, charge: u32) -> Result<(), Limit> {
        let distance = self.distance(head);
        if charge > 255 || i16::try_from(distance).is_err() {
            return self.emit(opcode::jump_back_far, &[charge.into(), distance]);
        }
        self.emit(opcode::jump_back, &[charge.into(), distance])
    }

    fn distance(&self, head: u32) -> i64 {
        i64::from(head).wrapping_sub(i64::from(self.position())) / 2
    }

    /// Emits a branch ahead that is taken if a condition holds.
    pub(crate) fn branch(
        &mut self,
        family: Family,
        form: Form,
        mut operands: Operands,
        label: &mut Label,
    ) -> Result<(), Limit> {
        if self.far {
            return self.around(family, form, operands, |code| code.jump(label));
        }
        operands.target = 0;
        let before = self.used;
        self.emit_form(family, form, &operands)?;
        // Operands out of reach were fetched before it.
        let start = self.last.unwrap_or(before);
        let field = self.used.wrapping_sub(start).wrapping_sub(2);
        self.await_label(label, start, field, false)
    }

    /// Emits a branch that is taken if a condition holds, to a branch of another kind: over that if
    /// the opposite holds. Where there is no opposite: `if condition, go on below; jump past it;
    /// below: the branch`.
    fn around(
        &mut self,
        family: Family,
        form: Form,
        mut operands: Operands,
        branch: impl FnOnce(&mut Self) -> Result<(), Limit>,
    ) -> Result<(), Limit> {
        operands.target = 0;
        let opposite = opposite(family).filter(|&it| find(it, form).is_some());
        self.emit_form(opposite.unwrap_or(family), form, &operands)?;
        let condition = self.last.unwrap_or(0);
        let field = self.used.wrapping_sub(condition).wrapping_sub(2);
        if opposite.is_some() {
            branch(self)?;
            self.patch(condition, field, false)?;
        } else {
            let past = self.used;
            self.emit(opcode::jump, &[0])?;
            self.patch(condition, field, false)?;
            branch(self)?;
            self.patch(past, 2, false)?;
        }
        self.last = None;
        Ok(())
    }

    /// Emits a branch back that is taken, and charged, if a condition holds. `ahead` is the
    /// family of the same condition ahead.
    pub(crate) fn branch_back(
        &mut self,
        (back, ahead): (Option<Family>, Family),
        form: Form,
        mut operands: Operands,
        head: u32,
        charge: u32,
    ) -> Result<(), Limit> {
        // Up to three operands may have to be fetched first, which takes 8 bytes a slot.
        let far = i16::try_from(self.distance(head).wrapping_sub(64)).is_err();
        let back = back.filter(|&back| charge <= 255 && !far && find(back, form).is_some());
        let Some(back) = back else {
            return self.around(ahead, form, operands, |code| code.jump_back(head, charge));
        };
        operands.charge = charge;
        self.emit_form(back, form, &operands)?;
        let start = self.last.unwrap_or(0);
        let distance = i64::from(head).wrapping_sub(i64::try_from(start).unwrap_or(0)) / 2;
        let at = self.used.wrapping_sub(2);
        let distance = i16::try_from(distance).map_err(|_| Limit::Branch)?;
        self.bytes
            .get_mut(at..self.used)
            .ok_or(Limit::Code)?
            .copy_from_slice(&distance.to_le_bytes());
        Ok(())
    }

    /// Emits a branch table with so many entries; returns where it begins.
    pub(crate) fn table(&mut self, selector: u32, entries: u32) -> Result<u32, Limit> {
        let opcode = if self.far {
            opcode::switch_far
        } else {
            opcode::switch
        };
        self.emit(
            opcode,
            &[selector.into(), i64::from(entries).wrapping_sub(1)],
        )?;
        // Entries that are bound later know of nothing that was written before.
        let start = u32::try_from(self.last.unwrap_or(0)).map_err(|_| Limit::Code)?;
        for _ in 0..entries {
            self.append(if self.far { &[0; 4] } else { &[0; 2] })?;
        }
        self.barrier();
        Ok(start)
    }

    fn entry(&self, entry: u32) -> usize {
        let (head, size) = if self.far { (8, 4) } else { (6, 2) };
        (entry as usize).saturating_mul(size).saturating_add(head)
    }

    /// An entry of the table that begins there awaits a label.
    pub(crate) fn table_entry(
        &mut self,
        table: u32,
        entry: u32,
        label: &mut Label,
    ) -> Result<(), Limit> {
        self.await_label(label, table as usize, self.entry(entry), self.far)
    }

    /// An entry of the table that begins there leads here.
    pub(crate) fn bind_entry(&mut self, table: u32, entry: u32) -> Result<(), Limit> {
        self.patch(table as usize, self.entry(entry), self.far)?;
        self.barrier();
        Ok(())
    }

    fn await_label(
        &mut self,
        label: &mut Label,
        start: usize,
        field: usize,
        far: bool,
    ) -> Result<(), Limit> {
        let index = self.free;
        let fixup = self.fixups.get_mut(index as usize).ok_or(Limit::Branches)?;
        self.free = fixup.next;
        let field = u32::try_from(field).ok().filter(|field| *field < FAR);
        *fixup = Fixup {
            start: u32::try_from(start).map_err(|_| Limit::Code)?,
            field: field.ok_or(Limit::Code)? | if far { FAR } else { 0 },
            next: label.0,
            written: halves(self.written),
        };
        *label = Label(index);
        Ok(())
    }

    /// All branches that await a label lead here.
    pub(crate) fn bind(&mut self, label: Label) -> Result<(), Limit> {
        let mut next = label.0;
        while let Some(&fixup) = self.fixups.get(next as usize) {
            let field = (fixup.field & !FAR) as usize;
            self.patch(fixup.start as usize, field, fixup.field & FAR != 0)?;
            let [low, high] = fixup.written;
            self.written &= u64::from(low) | u64::from(high) << 32;
            if let Some(place) = self.fixups.get_mut(next as usize) {
                place.next = self.free;
            }
            self.free = next;
            next = fixup.next;
        }
        self.barrier();
        Ok(())
    }

    fn patch(&mut self, start: usize, field: usize, far: bool) -> Result<(), Limit> {
        let halfwords = self.used.wrapping_sub(start) / 2;
        let at = start.saturating_add(field);
        if far {
            let word = u32::try_from(halfwords).map_err(|_| Limit::Branch)?;
            let place = self
                .bytes
                .get_mut(at..at.saturating_add(4))
                .ok_or(Limit::Code)?;
            place.copy_from_slice(&word.to_le_bytes());
        } else {
            let half = i16::try_from(halfwords).map_err(|_| Limit::Branch)?;
            let place = self
                .bytes
                .get_mut(at..at.saturating_add(2))
                .ok_or(Limit::Code)?;
            place.copy_from_slice(&half.to_le_bytes());
        }
        Ok(())
    }
}

/// Returns the shorter form of an instruction whose result goes to where an operand was.
fn in_place(opcode: u16, operands: &[i64]) -> Option<(u16, [i64; 2])> {
    Some(match (opcode, operands) {
        (opcode::add_sh_d, [a, d, b]) if a == d => (opcode::add_v_h, [*d, *b]),
        (opcode::add_ss_d, [a, b, d]) if a == d => (opcode::add_v_s, [*d, *b]),
        (opcode::add_ss_d, [a, b, d]) if b == d => (opcode::add_v_s, [*d, *a]),
        (opcode::add_ks_d, [_, b, d]) if b == d => (opcode::add_v_k, [0, *d]),
        (opcode::xor_ks_d, [_, b, d]) if b == d => (opcode::xor_v_k, [0, *d]),
        (opcode::or_ks_d, [_, b, d]) if b == d => (opcode::or_v_k, [0, *d]),
        (opcode::fadd_ks_d, [_, b, d]) if b == d => (opcode::fadd_v_k, [0, *d]),
        _ => return None,
    })
}
