/** The fields of an e-mail channel, and the URL that they become. */
import { TranslationBundle } from '@jupyterlab/translation';
import { ApiError } from '../../api/client';
import { IField } from '../../forms/schema/field';

/** The mail server, the login there, and the addresses. */
export interface IMail {
  to?: string;
  from?: string;
  host?: string;
  port?: number | null;
  user?: string;
  password?: string;
}

/** Submission with STARTTLS, TLS from the start, and mail without encryption. */
const PORT = 587;
const TLS_PORT = 465;
const PLAIN_PORT = 25;
const HOST = 'mail.host';

/** Return the fields; `isKnown` means that empty ones keep what is stored. */
export function mailFields(trans: TranslationBundle, isKnown: boolean): IField[] {
  const when = { kind: 'mail' };
  const required = !isKnown;
  const help = isKnown ? trans.__('Leave all fields empty to keep the current ones.') : undefined;
  return [
    { name: 'mail.to', kind: 'text', label: trans.__('To'), required, help, when },
    { name: 'mail.from', kind: 'text', label: trans.__('From'), required, when },
    {
      ...{ name: HOST, kind: 'text', label: trans.__('Mail server'), required, when },
      placeholder: trans.__('smtp.example.org')
    },
    {
      ...{ name: 'mail.port', kind: 'int', label: trans.__('Port'), first: PORT, when },
      help: trans.__('587: STARTTLS. 465: TLS. 25: without encryption.')
    },
    { name: 'mail.user', kind: 'text', label: trans.__('User'), when },
    { name: 'mail.password', kind: 'password', label: trans.__('Password'), when }
  ];
}

/** Return the URL of Apprise for an e-mail channel; empty if nothing was typed. */
export function mailUrl({ to, from, host, port, user, password }: IMail): string {
  if (![to, from, host, user, password].some(Boolean)) {
    return '';
  }
  const login = [user, password]
    .filter(Boolean)
    .map(text => encodeURIComponent(text!))
    .join(':');
  const scheme = port === PLAIN_PORT ? 'mailto' : 'mailtos';
  const query = new URLSearchParams({
    from: from ?? '',
    to: to ?? '',
    ...(port === TLS_PORT && { mode: 'ssl' })
  });
  return `${scheme}://${login && `${login}@`}${host}:${port}?${query}`;
}

/** Refuse an e-mail channel without a server or address, unless it keeps what is stored. */
export function checkMail(mail: IMail, isKnown: boolean, trans: TranslationBundle): void {
  const missing = (['to', 'from', 'host'] as const).filter(name => !mail[name]);
  if (missing.length && !(isKnown && !mailUrl(mail))) {
    const message = trans.__('Fill in this field.');
    const details = missing.map(name => ({ path: `mail.${name}`, message }));
    throw new ApiError(422, 'invalid', message, '', details);
  }
}

/** Return a refusal of the URL as one of the mail server. */
export function atHost(error: unknown): unknown {
  if (!(error instanceof ApiError)) {
    return error;
  }
  const { status, code, message, hint, requestId } = error;
  const details = error.details.map(detail =>
    detail.path === 'url' ? { ...detail, path: HOST } : detail
  );
  return new ApiError(status, code, message, hint, details, requestId);
}
