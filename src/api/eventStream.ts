import { IDisposable, DisposableDelegate } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import type { ILost } from '../components/hooks/useLost';
import { ApiClient } from './client';
import { Activity, StoreEvent } from './types';

const FIRST_WAIT = 500;
/** With random delay, a server that is back is found within five seconds. */
const LONGEST_WAIT = 3_600;

interface IFrame {
  events?: StoreEvent[];
  last?: number;
  refetch?: boolean;
  activity?: Activity[];
}

/** Server events over one socket for this window, which opens on demand. */
export class EventStream implements IDisposable {
  constructor(readonly client: ApiClient) {
    document.addEventListener('visibilitychange', this._onVisible);
    window.addEventListener('online', this._onVisible);
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  get connected(): boolean {
    return this._connected;
  }

  /** Undefined while the server responds, and before the first connection. */
  get lost(): ILost | undefined {
    return this._lost;
  }

  get connectedChanged(): ISignal<this, boolean> {
    return this._connectedChanged;
  }

  get events(): ISignal<this, readonly StoreEvent[]> {
    return this._events;
  }

  get activity(): ISignal<this, readonly Activity[]> {
    return this._activity;
  }

  /** Emitted when events may be missing: read everything again. */
  get refetch(): ISignal<this, void> {
    return this._refetch;
  }

  /** Open the socket. Resolves once the server sends events, or is unreachable. */
  start(): Promise<void> {
    if (!this._ready) {
      this._ready = new Promise(resolve => (this._settle = resolve));
      this._open();
    }
    return this._ready;
  }

  /** Receive the progress of a run until disposed. */
  watch(run: string): IDisposable {
    this._watched.set(run, (this._watched.get(run) ?? 0) + 1);
    this._sendWatch();
    void this.start();
    return new DisposableDelegate(() => {
      const left = (this._watched.get(run) ?? 1) - 1;
      if (left) {
        this._watched.set(run, left);
      } else {
        this._watched.delete(run);
        this._sendWatch();
      }
    });
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    document.removeEventListener('visibilitychange', this._onVisible);
    window.removeEventListener('online', this._onVisible);
    window.clearTimeout(this._timer);
    this._socket?.close();
    Signal.clearData(this);
  }

  private _open(): void {
    if (this._disposed || this._socket) {
      return;
    }
    this._timer = undefined;
    const socket = new this.client.settings.WebSocket(this.client.socketUrl);
    this._socket = socket;
    socket.onopen = () => {
      socket.send(JSON.stringify({ after: this._last, watch: [...this._watched.keys()] }));
    };
    socket.onmessage = message => this._onFrame(JSON.parse(String(message.data)) as IFrame);
    socket.onclose = () => this._onClose(socket);
  }

  private _onFrame(frame: IFrame): void {
    if (!this._connected) {
      this._connected = true;
      this._lost = undefined;
      this._wait = FIRST_WAIT;
      this._settle?.();
      this._connectedChanged.emit(true);
    }
    if (frame.activity?.length) {
      this._activity.emit(frame.activity);
    }
    if (frame.last === undefined) {
      return;
    }
    // if the store counts fewer events than before, it is another store
    const missed = frame.refetch || frame.last < this._last;
    this._last = frame.last;
    if (missed) {
      this._refetch.emit();
    } else if (frame.events?.length) {
      this._events.emit(frame.events);
    }
  }

  private _onClose(socket: WebSocket): void {
    if (this._socket !== socket) {
      return;
    }
    this._socket = undefined;
    this._settle?.();
    if (this._connected) {
      this._connected = false;
      this._lost = { since: Date.now() };
      this._connectedChanged.emit(false);
    }
    void this._askWhy();
    this._again();
  }

  /** Ask the server for the reason, because a refused socket gives none. */
  private async _askWhy(): Promise<void> {
    const barrier = this._lost && (await this.client.barrier());
    if (this._lost && this._lost.barrier !== barrier) {
      this._lost = { since: this._lost.since, barrier };
      this._connectedChanged.emit(false);
    }
  }

  private _again(): void {
    if (this._disposed || this._timer !== undefined || document.hidden) {
      return; // a hidden window sends nothing and reconnects when it is visible again
    }
    this._timer = window.setTimeout(() => this._open(), this._wait * (0.75 + Math.random() / 2));
    this._wait = Math.min(this._wait * 2, LONGEST_WAIT);
  }

  private _onVisible = (): void => {
    if (!document.hidden && this._ready && !this._socket) {
      window.clearTimeout(this._timer);
      this._timer = undefined;
      this._open();
    }
  };

  private _sendWatch(): void {
    if (this._connected) {
      this._socket?.send(JSON.stringify({ watch: [...this._watched.keys()] }));
    }
  }

  private _activity = new Signal<this, readonly Activity[]>(this);
  private _connected = false;
  private _connectedChanged = new Signal<this, boolean>(this);
  private _disposed = false;
  private _events = new Signal<this, readonly StoreEvent[]>(this);
  private _last = 0;
  private _lost?: ILost;
  private _ready?: Promise<void>;
  private _refetch = new Signal<this, void>(this);
  private _settle?: () => void;
  private _socket?: WebSocket;
  private _timer?: number;
  private _wait = FIRST_WAIT;
  private _watched = new Map<string, number>();
}
