import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, screen, waitFor } from '@testing-library/react';
import { ApiError } from '../../../api/client';
import { Credential, CredentialKind } from '../../../api/types';
import { askCredential } from '../askCredential';

const trans = nullTranslator.load('nbyard');
const field = (name: string, more: object = {}) => ({
  name,
  label: name,
  help: '',
  secret: false,
  required: true,
  several_lines: false,
  ...more
});
const KINDS: CredentialKind[] = [
  {
    kind: 'token',
    label: 'Token',
    help: 'Any text.',
    fields: [field('secret', { secret: true, several_lines: true })]
  },
  {
    kind: 's3',
    label: 'S3',
    help: '',
    fields: [field('key'), field('password', { secret: true })]
  }
];
const KNOWN = {
  id: 'c',
  name: 'minio',
  kind: 's3',
  description: '',
  fields: { key: 'ann' },
  kept: ['password'],
  version: 2,
  used_by: ['run 4', 'flow.nbflow']
} as unknown as Credential;

/** The services, with the answers to what is sent. */
function asker(...answers: unknown[]) {
  const sent = jest.fn();
  const call = async (id: string, question: any) => {
    if (id === 'credentials.kinds') {
      return KINDS;
    }
    sent(id, question.body);
    const answer = id === 'system.spell' ? { command: 'nbyard', python: '' } : answers.shift();
    if (answer instanceof Error) {
      throw answer;
    }
    return answer;
  };
  return { trans, yard: { client: { call } }, sent } as any;
}

const input = (label: string) =>
  screen.getByLabelText<HTMLInputElement>(new RegExp(`^${label}\\*?$`));
const type = (label: string, value: string) =>
  fireEvent.change(input(label), { target: { value } });
const accept = () =>
  fireEvent.click(document.querySelector('.jp-Dialog-button.jp-mod-accept') as HTMLElement);

describe('S1: a credential in a dialog', () => {
  it('hides what is typed, and is asked again with the words at the field', async () => {
    const taken = [{ path: 'name', message: 'There is one already' }];
    const services = asker(new ApiError(409, 'name-taken', 'no', '', taken), KNOWN);
    const answer = askCredential(services);
    await waitFor(() => expect(input('Name')).toBeTruthy());
    type('Name', ' api ');
    expect(input('secret').type).toBe('password');
    type('secret', 's3cr3t');
    accept();
    await waitFor(() =>
      expect(document.querySelector('[role="alert"]')?.textContent).toBe('There is one already')
    );
    expect(input('secret').value).toBe('s3cr3t');
    accept();
    expect(await answer).toBe(KNOWN);
    const draft = { name: 'api', kind: 'token', description: '', fields: { secret: 's3cr3t' } };
    expect(services.sent).toHaveBeenLastCalledWith('credentials.create', draft);
  });

  it('G8: is shown as a command without the secret, which is not even sent', async () => {
    const services = asker();
    const answer = askCredential(services);
    await waitFor(() => expect(input('Name')).toBeTruthy());
    type('Name', 'api');
    type('secret', 's3cr3t');
    screen
      .getByText<HTMLDetailsElement>(/^Show as Command/)
      .parentElement!.setAttribute('open', '');
    await waitFor(() => expect(services.sent).toHaveBeenCalled());
    const body = { name: 'api', kind: 'token', description: '', fields: { secret: '***' } };
    const spelled = { operation: 'credentials.create', body };
    expect(services.sent).toHaveBeenLastCalledWith('system.spell', spelled);
    fireEvent.click(document.querySelector('.jp-Dialog-button.jp-mod-reject') as HTMLElement);
    await answer;
  });

  it('takes several lines, and has the fields of its kind', async () => {
    const answer = askCredential(asker());
    await waitFor(() => expect(input('secret')).toBeTruthy());
    fireEvent.click(screen.getByText('Several Lines'));
    expect(input('secret').tagName).toBe('TEXTAREA');
    expect(input('Kind').tagName).toBe('SELECT');
    expect(screen.getByText('Any text.')).toBeTruthy();
    fireEvent.change(input('Kind'), { target: { value: 's3' } });
    expect(input('key').type).toBe('text');
    expect(input('password').type).toBe('password');
    fireEvent.click(document.querySelector('.jp-Dialog-button.jp-mod-reject') as HTMLElement);
    expect(await answer).toBeUndefined();
  });

  it('shows of a known one what is not secret, and what uses it', async () => {
    const services = asker(KNOWN);
    const answer = askCredential(services, KNOWN);
    await waitFor(() => expect(input('key').value).toBe('ann'));
    expect(input('password').value).toBe('');
    expect(screen.getByText('Used by run 4, flow.nbflow.')).toBeTruthy();
    expect(screen.queryByLabelText('Kind')).toBeNull();
    accept();
    await answer;
    const body = { version: 2, description: '', fields: { key: 'ann' } };
    expect(services.sent).toHaveBeenCalledWith('credentials.update', body);
  });
});
