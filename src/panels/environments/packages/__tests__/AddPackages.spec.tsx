import { nullTranslator } from '@jupyterlab/translation';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { fakeClient, json, settled } from '../../../../api/__tests__/fake';
import { Environment } from '../../../../api/types';
import { AddPackages } from '../AddPackages';
import { IPanelServices } from '../../../frame/services';

const trans = nullTranslator.load('nbyard');

function environment(number: number, state: string): Environment {
  return { id: 'e', installed: 1, current: { number, state } } as Environment;
}

function open(answer: (path: string, body: unknown) => unknown) {
  const put = jest.fn();
  const asked: string[] = [];
  const client = fakeClient(async (_, url, request) => {
    const path = url.replace(/.*\/environments\/e\//, '');
    asked.push(path);
    return answer(path, JSON.parse(await request.text()));
  });
  const services = { trans, yard: { client, environments: { put } } } as unknown as IPanelServices;
  const onInstall = jest.fn();
  const view = (of: Environment) => (
    <AddPackages services={services} environment={of} wanted={false} onInstall={onInstall} />
  );
  const { rerender } = render(view(environment(1, 'ready')));
  const field = screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Add packages' });
  const type = (value: string) => fireEvent.change(field, { target: { value } });
  const enter = async () => {
    fireEvent.keyDown(field, { key: 'Enter' });
    await act(async () => {
      await new Promise(done => setTimeout(done, 20));
      await settled();
    });
  };
  return { asked, enter, field, onInstall, put, rerender, type, view };
}

describe('L1, L2: more packages', () => {
  afterEach(cleanup);

  it('an empty field asks nothing', async () => {
    const { asked, enter } = open(() => ({}));
    await enter();
    expect(asked).toEqual([]);
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Install' }).disabled).toBe(true);
  });

  it('what fails stays to be put right; what is installed goes', async () => {
    let number = 1;
    const { enter, field, onInstall, rerender, type, view } = open((_, body) => {
      expect(body).toEqual({ add: 'six' });
      return environment(++number, 'queued');
    });
    type('six');
    await enter();
    expect(onInstall).toHaveBeenCalledTimes(1);
    rerender(view(environment(2, 'failed')));
    expect(field.value).toBe('six');
    await enter();
    rerender(view(environment(3, 'building')));
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Install' }).disabled).toBe(true);
    rerender(view(environment(3, 'ready')));
    expect(field.value).toBe('');
  });

  it('of an environment that was never installed all packages are put right and tried again', async () => {
    const sent: unknown[] = [];
    const { view } = open((_, body) => {
      sent.push(body);
      return environment(2, 'queued');
    });
    cleanup();
    const current = { number: 1, state: 'failed', requirements: ['six', 'none'] };
    render(view({ id: 'e', installed: 0, current } as unknown as Environment));
    const field = screen.getByRole<HTMLTextAreaElement>('textbox', {
      name: 'Packages of the environment'
    });
    expect(field.value).toBe('six\nnone');
    fireEvent.change(field, { target: { value: 'six' } });
    fireEvent.click(screen.getByRole('button', { name: 'Try Again' }));
    await act(() => new Promise(done => setTimeout(done, 20)));
    expect(sent).toEqual([{ requirements: 'six' }]);
  });

  it('a preview is shown until the text is another one; nothing is installed', async () => {
    const changes = [{ name: 'six', old: '', new: '1.17' }];
    const { asked, type } = open(() => ({ packages: [], changes }));
    type('six');
    fireEvent.click(screen.getByRole('button', { name: 'Preview' }));
    expect(await screen.findByText('1 added')).toBeTruthy();
    expect(asked).toEqual(['preview']);
    type('six>1');
    expect(screen.queryByText('1 added')).toBeNull();
  });

  it('a refusal stands at the field', async () => {
    const details = [{ path: 'requirements.2', message: 'no requirement' }];
    const { enter, field, put, type } = open(() => json(422, { code: 'invalid', details }));
    type('six\n!');
    await enter();
    expect(screen.getByRole('alert').textContent).toBe('Line 2: no requirement');
    expect(field.getAttribute('aria-invalid')).toBe('true');
    expect(put).not.toHaveBeenCalled();
  });
});
