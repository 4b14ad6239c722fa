import type { Dispatcher } from "undici";

/** A provider's answer whose body has not been read yet; it must be read or its call aborted. */
export interface UpstreamAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: AnswerBody;
}

/** The bytes of an answer, to be read once. */
export interface AnswerBody extends AsyncIterable<Buffer> {
  /** All of them, where they are no more than `maxBytes`; undefined where they are more: the rest is not read then. */
  whole(maxBytes: number): Promise<Buffer | undefined>;
}

/** Beyond so many bytes that nobody has taken yet the provider is held up. */
const highWater = 256 * 1024;

interface Reader {
  readonly resolve: (result: IteratorResult<Buffer>) => void;
  readonly reject: (error: unknown) => void;
}

/** Bytes on their way from the connection to who reads them. */
class Body implements AnswerBody, AsyncIterator<Buffer> {
  private chunks: Buffer[] = [];
  private size = 0;
  private ended = false;
  private error: Error | undefined;
  private reader: Reader | undefined;

  constructor(private readonly controller: Dispatcher.DispatchController) {}

  push(chunk: Buffer): void {
    const { reader } = this;
    if (reader !== undefined) {
      this.reader = undefined;
      reader.resolve({ done: false, value: chunk });
      return;
    }
    this.chunks.push(chunk);
    this.size += chunk.length;
    if (this.size > highWater) this.controller.pause();
  }

  end(error?: Error): void {
    this.ended = true;
    this.error = error;
    const { reader } = this;
    this.reader = undefined;
    if (error === undefined) reader?.resolve({ done: true, value: undefined });
    else reader?.reject(error);
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer> {
    return this;
  }

  next(): Promise<IteratorResult<Buffer>> {
    const chunk = this.chunks.shift();
    if (chunk !== undefined) {
      this.size -= chunk.length;
      if (this.size <= highWater && this.controller.paused) this.controller.resume();
      return Promise.resolve({ done: false, value: chunk });
    }
    if (this.error !== undefined) return Promise.reject(this.error);
    if (this.ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.reader = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<Buffer>> {
    if (!this.ended) this.controller.abort(Object.assign(new Error("the answer was not wanted any more"), { code: "ECANCELED" }));
    return Promise.resolve({ done: true, value: undefined });
  }

  async whole(maxBytes: number): Promise<Buffer | undefined> {
    const all: Buffer[] = [];
    let size = 0;
    for (let read = await this.next(); read.done !== true; read = await this.next()) {
      size += read.value.length;
      if (size > maxBytes) {
        await this.return();
        return undefined;
      }
      all.push(read.value);
    }
    const [first] = all;
    return all.length === 1 && first !== undefined ? first : Buffer.concat(all, size);
  }
}

/** Where a call is sent, and how. */
export interface Dispatched {
  readonly dispatcher: Dispatcher;
  readonly options: Dispatcher.DispatchOptions;
  /** Called with what gives the call up, as soon as that can be done. */
  readonly onStart: (abort: (reason: Error) => void) => void;
}

/**
 * Sends one call and resolves with the head of its answer; rejects where none comes. The body follows at the reader's pace. This is
 * what undici's `request` does, without a stream and a signal for each call.
 */
export const dispatchCall = ({ dispatcher, options, onStart }: Dispatched): Promise<UpstreamAnswer> =>
  new Promise((resolve, reject) => {
    let body: Body | undefined;
    dispatcher.dispatch(options, {
      onRequestStart: (controller) => onStart((reason) => controller.abort(reason)),
      onResponseStart(controller, statusCode, headers) {
        // 100 to 199 only announce the answer.
        if (statusCode < 200) return;
        body = new Body(controller);
        resolve({ statusCode, headers, body });
      },
      onResponseData: (_controller, chunk) => body?.push(chunk),
      onResponseEnd: () => body?.end(),
      onResponseError(_controller, error) {
        if (body === undefined) reject(error);
        else body.end(error);
      },
    });
  });
