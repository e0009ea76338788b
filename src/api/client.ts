import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { nullTranslator, TranslationBundle } from '@jupyterlab/translation';
import type { Barrier } from '../components/hooks/useLost';
import { Answer, BASE, IPlainQuestion, OperationId, Question } from './operations';
import { ErrorBody, ErrorDetail, RefusedField } from './types';

/** How often a lost request is repeated, and the pause before that in milliseconds. */
const AGAIN = 2;
const WAIT = 500;

/** A refusal of the server, or the reason why it did not respond. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint = '',
    readonly details: readonly RefusedField[] = [],
    readonly requestId = '',
    readonly reason?: ErrorBody['reason']
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** What sent the request. */
  client?: ApiClient;
}

/** Hints for the command line, which say nothing to the user of a form. */
const OF_SHELL = new Set(['show-environment', 'give-input-file', 'cancel-run']);
/** The status that a JupyterHub returns for a stopped server. */
const STOPPED = 424;
const SIGN_IN = new Set([401, 403]);

/** Calls the operations of the server by id; reasons have their text in the user's language. */
export class ApiClient {
  constructor(
    readonly settings: ServerConnection.ISettings,
    private readonly trans: TranslationBundle = nullTranslator.load('nbyard')
  ) {}

  /** The project to which lists are limited and created items are linked. */
  project = '';

  async call<Id extends OperationId>(id: Id, question: Question<Id>): Promise<Answer<Id>> {
    const asked = question as IPlainQuestion;
    const { addressOf, headersOf, methodOf } = await import('./addresses');
    const headers = headersOf(this, id);
    const { signal, keepalive } = asked;
    const init: RequestInit = { method: methodOf(id), headers, signal, keepalive };
    if (asked.body !== undefined) {
      headers['Content-Type'] = 'application/json';
      init.body = JSON.stringify(asked.body);
    }
    const response = await this.request(addressOf(this, id, asked), init);
    if (response.status === 204) {
      return undefined as Answer<Id>;
    }
    return (await response.json()) as Answer<Id>;
  }

  /** The address of the event socket. */
  get socketUrl(): string {
    const url = URLExt.join(this.settings.wsUrl, BASE, 'events/socket');
    const { appendToken, token } = this.settings;
    return appendToken && token ? `${url}?token=${encodeURIComponent(token)}` : url;
  }

  /** Return what blocks access to the server; undefined if the reason is unknown. */
  async barrier(): Promise<Barrier | undefined> {
    try {
      await this.request(URLExt.join(this.settings.baseUrl, 'api/me'), {}, 0);
    } catch (error) {
      const status = error instanceof ApiError ? error.status : 0;
      return status === STOPPED ? 'stopped' : SIGN_IN.has(status) ? 'signed-out' : undefined;
    }
    return undefined;
  }

  /** Send a request with a response other than JSON, or with bytes as body. */
  async request(url: string, init: RequestInit, again = AGAIN): Promise<Response> {
    let response: Response;
    try {
      // with "no-store", JupyterLab would add the time to the address
      const fresh: RequestInit = { cache: 'no-cache', ...init };
      response = await ServerConnection.makeRequest(url, fresh, this.settings);
    } catch (error) {
      if (init.signal?.aborted) {
        throw error;
      }
      const isSafe = init.method === 'GET' || 'Idempotency-Key' in (init.headers ?? {});
      if (again && isSafe) {
        // a browser aborts requests when any network connects or disconnects
        await new Promise(done => setTimeout(done, WAIT));
        return this.request(url, init, again - 1);
      }
      throw new ApiError(0, 'unreachable', String((error as Error).message ?? error));
    }
    if (!response.ok) {
      throw Object.assign(await refusal(response, this.trans), { client: this });
    }
    return response;
  }
}

async function refusal(response: Response, trans: TranslationBundle): Promise<ApiError> {
  const text = await response.text();
  try {
    const body = JSON.parse(text) as Partial<ErrorBody>;
    const translated = await wordsIn(trans);
    return new ApiError(
      response.status,
      body.code ?? 'unknown',
      translated(body) || response.statusText,
      OF_SHELL.has(body.hint_reason?.code ?? '')
        ? ''
        : translated({ message: body.hint ?? '', reason: body.hint_reason }),
      (body.details ?? []).map(detail => ({ ...detail, message: translated(detail) })),
      body.request_id ?? '',
      body.reason
    );
  } catch {
    return new ApiError(response.status, 'unknown', response.statusText || text.slice(0, 200));
  }
}

/** Return what renders the reason of a refusal; without a reason, its message is shown. */
async function wordsIn(
  trans: TranslationBundle
): Promise<(refused: Partial<ErrorBody> | ErrorDetail) => string> {
  try {
    // the catalogue is large, and a start does not need it
    const { knownText } = await import('../reasons');
    return ({ reason, message }) => knownText(reason, trans) || (message ?? '');
  } catch {
    return ({ message }) => message ?? '';
  }
}
