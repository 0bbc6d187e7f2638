/**
 * What a journal asks of the machine: two files and their folder. A port, so that tests can crash it
 * at every byte. Nothing counts as kept before `sync` has returned.
 */
export interface JournalStorage {
  readonly log: StoredFile;
  readonly head: StoredFile;
  /** Makes the files' names durable. */
  syncFolder(): Promise<void>;
  /** Gives the files and the lock back. */
  close(): Promise<void>;
}

/** A file that is there from the start, empty where it is new. Offsets and lengths in bytes. */
export interface StoredFile {
  size(): Promise<number>;
  /** Fills `into` from offset `at`; yields how many bytes there were. Fewer only at the file's end. */
  read(into: Uint8Array, at: number): Promise<number>;
  /** Writes all the bytes or throws, and has then written any part of them. */
  write(bytes: Uint8Array, at: number): Promise<void>;
  truncate(length: number): Promise<void>;
  sync(): Promise<void>;
}

/** Reads a file onwards through one buffer, so that many small records cost few system calls. */
export class ForwardReader {
  private buffer = new Uint8Array(0);
  /** Offset in the file of the buffer's first byte. */
  private start: number;

  constructor(
    private readonly file: StoredFile,
    private at: number,
    private readonly end: number,
    private readonly chunk = 1 << 18,
  ) {
    this.start = at;
  }

  /** Bytes up to the end that was given. */
  get left(): number {
    return this.end - this.at;
  }

  /** The next bytes, valid until the next call; fewer where the file ends before. */
  async take(count: number): Promise<Uint8Array> {
    const wanted = Math.min(count, this.left);
    if (this.at + wanted > this.start + this.buffer.length) await this.fill(wanted);
    const from = this.at - this.start;
    const bytes = this.buffer.subarray(from, from + wanted);
    this.at += bytes.length;
    return bytes;
  }

  private async fill(wanted: number): Promise<void> {
    const size = Math.min(Math.max(wanted, this.chunk), this.left);
    const buffer = new Uint8Array(size);
    const got = await this.file.read(buffer, this.at);
    this.buffer = buffer.subarray(0, got);
    this.start = this.at;
  }
}
