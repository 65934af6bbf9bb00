import { Broken } from './rfb/wire'

// One way to a terminal's screen: a socket that comes back by itself. What was
// typed while it was gone is dropped, never kept.

/** Told is what the gateway says in words. */
export type Told<State> = { type: 'state'; state: State } | { type: 'local'; until: string } | { type: 'link'; up: boolean } | { type: 'renew' } | { type: 'over'; code: string; reason?: string }

export interface Socket {
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(): void
  onmessage: ((data: string | ArrayBuffer) => void) | undefined
  onclose: (() => void) | undefined
}

/** Reader reads the picture; a new one for each connection. */
export interface Reader {
  feed(chunk: Uint8Array): void
  stop(): void
}

export interface LinkDoors<State> {
  open(): Socket
  reader(send: (message: Uint8Array<ArrayBuffer>) => void): Reader
  told(m: Told<State>): void
  /** joined: bytes of the picture come */
  joined(): void
  /** lost: the socket is gone; what was down is up */
  lost(): void
  /** again says whether to come back; no answer of the server throws */
  again(): Promise<boolean>
  later(f: () => void, ms: number): () => void
}

const waits = [100, 250, 500] // ms before coming back; the last one again and again
const stopped = 'lease.stopped' // the server goes, and another comes

export class ScreenLink<State> {
  readonly #doors: LinkDoors<State>
  #socket: Socket | undefined
  #reader: Reader | undefined
  #tries = 0
  #over = false
  #joined = false
  #stop: (() => void) | undefined

  constructor(doors: LinkDoors<State>) {
    this.#doors = doors
    this.#connect()
  }

  get up(): boolean {
    return this.#joined && !this.#over
  }

  /** send gives bytes or words to the gateway; without a connection they are dropped. */
  send(data: string | Uint8Array<ArrayBuffer>): boolean {
    if (!this.up || !this.#socket) return false
    this.#socket.send(data)
    return true
  }

  #connect(): void {
    const socket = this.#doors.open()
    this.#socket = socket
    this.#reader = this.#doors.reader((m) => socket.send(m))
    socket.onmessage = (data) => this.#hear(socket, data)
    socket.onclose = () => this.#gone(socket)
  }

  #hear(socket: Socket, data: string | ArrayBuffer): void {
    if (socket !== this.#socket || this.#over) return
    if (typeof data === 'string') {
      this.#word(data)
      return
    }
    try {
      this.#reader?.feed(new Uint8Array(data))
    } catch (err) {
      if (!(err instanceof Broken)) throw err
      socket.close()
      this.#gone(socket)
      return
    }
    if (this.#joined) return
    this.#joined = true
    this.#tries = 0
    this.#doors.joined()
  }

  #word(data: string): void {
    let m: Told<State>
    try {
      m = JSON.parse(data) as Told<State>
    } catch {
      return // of another version of the gateway
    }
    if (m.type === 'renew') {
      // An answer, not a timer of ours: those sleep while the page is hidden.
      this.send(data)
      return
    }
    if (m.type === 'over' && m.code === stopped) {
      this.restart()
      return
    }
    if (m.type === 'over') this.end()
    this.#doors.told(m)
  }

  #gone(socket: Socket): void {
    if (socket !== this.#socket || this.#over) return
    const was = this.#joined
    this.#drop()
    if (was) this.#doors.lost()
    this.#comeBack()
  }

  #comeBack(): void {
    const wait = waits[Math.min(this.#tries++, waits.length - 1)]!
    this.#stop = this.#doors.later(() => void this.#retry(), wait)
  }

  async #retry(): Promise<void> {
    let again: boolean
    try {
      again = await this.#doors.again()
    } catch {
      if (!this.#over) this.#comeBack()
      return
    }
    if (this.#over) return
    if (again) this.#connect()
    else this.end()
  }

  /** restart connects anew, as after a loss. */
  restart(): void {
    const socket = this.#socket
    if (!socket) return
    socket.close()
    this.#gone(socket)
  }

  #drop(): void {
    this.#stop?.()
    this.#stop = undefined
    this.#joined = false
    this.#socket = undefined
    this.#reader?.stop()
    this.#reader = undefined
  }

  end(): void {
    this.#over = true
    const socket = this.#socket
    this.#drop()
    socket?.close()
  }
}

/** browserSocket opens a WebSocket on our own server. */
export function browserSocket(path: string): Socket {
  const url = new URL(path, location.href)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  const ws = new WebSocket(url, 'matoi.screen.v1')
  ws.binaryType = 'arraybuffer'
  const socket: Socket = {
    send: (data) => {
      if (ws.readyState === WebSocket.OPEN) ws.send(data)
    },
    close: () => ws.close(),
    onmessage: undefined,
    onclose: undefined,
  }
  ws.onmessage = (e: MessageEvent<string | ArrayBuffer>) => socket.onmessage?.(e.data)
  ws.onclose = () => socket.onclose?.()
  return socket
}
