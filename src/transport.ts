/** The byte stream that protocol layers stand on: TCP, TLS over TCP, a memory pipe in tests. */
export interface Transport {
    /**
     * The next bytes, at least one, in a buffer that the caller then owns.
     *
     * @param timeoutMs how long to wait at most
     * @returns `undefined` when the time is over or `wake` was called; `null` when the peer has closed the stream
     * @throws LeafError when the stream broke
     */
    read(timeoutMs: number): Promise<Buffer>

    /**
     * Sends all of `data`. The transport may change its content (TLS encrypts in place): the caller gives it away.
     *
     * @throws LeafError when the stream broke
     */
    write(data: Buffer): Promise<void>

    /** Makes a waiting `read` return `undefined` soon, so that its fiber can look for other work. */
    wake(): void

    /** Closes the stream. Never throws; may be called again. */
    close(): Promise<void>
}
