/** A server and a socket that tests play themselves. */
import { ServerConnection } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';
import { ApiClient } from '../client';

export class FakeSocket {
  static all: FakeSocket[] = [];
  static get last(): FakeSocket {
    return FakeSocket.all[FakeSocket.all.length - 1];
  }

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  onopen?: () => void;
  onmessage?: (message: { data: string }) => void;
  onclose?: () => void;
  sent: Record<string, unknown>[] = [];

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  say(frame: Record<string, unknown>): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  hello(last = 1): void {
    this.onopen?.();
    this.say({ events: [], last, refetch: false });
  }

  close(): void {
    this.onclose?.();
  }
}

export type Answerer = (method: string, url: string, request: Request) => unknown;

export function fakeClient(answer: Answerer, trans?: TranslationBundle): ApiClient {
  const settings = ServerConnection.makeSettings({
    baseUrl: 'http://here/user/x/',
    wsUrl: 'ws://here/user/x/',
    WebSocket: FakeSocket as unknown as typeof WebSocket,
    fetch: (async (input: Request) => {
      const said = await answer(input.method, input.url, input);
      return said instanceof Response ? said : json(200, said);
    }) as typeof fetch
  });
  return new ApiClient(settings, trans);
}

export function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status });
}

export function event(id: number, topic: string, subject_id: string, data = {}, run_id = '') {
  return { id, at: '2030-01-01T00:00:00Z', topic, subject_id, run_id, data };
}

/** Let everything that waits only for answers go on. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) {
    await Promise.resolve();
  }
}
