import { act, waitFor } from '@testing-library/react';
import { WidgetTracker } from '@jupyterlab/apputils';
import { LabIcon } from '@jupyterlab/ui-components';
import { Signal } from '@lumino/signaling';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { recall, remember } from '../../../components/hooks/sessionMemory';
import { showItem } from '../itemView';
import { IPanelServices, ITarget, Views } from '../services';

const icon = new LabIcon({ name: 'nbyard:test-view', svgstr: '<svg></svg>' });
let views: Views;
let services: IPanelServices;
let shell: { add: jest.Mock; activateById: jest.Mock };

beforeEach(() => {
  sessionStorage.clear();
  views = new WidgetTracker({ namespace: 'test' });
  shell = { add: jest.fn(), activateById: jest.fn() };
  services = { app: { shell }, views: { deployment: views } } as unknown as IPanelServices;
});

function show(target: ITarget): Widget & { content: { target: ITarget } } {
  showItem(services, target, {
    noun: 'deployment',
    icon,
    label: 'New deployment',
    collection: { changed: new Signal<object, void>({}), find: () => undefined },
    key: ({ id }) => (id === undefined ? 'new' : undefined),
    draw: () => (
      <form>
        <input type="text" aria-label="Title" />
        <input type="text" aria-label="Image" />
      </form>
    )
  });
  const id = shell.activateById.mock.lastCall[0] as string;
  return views.find(view => view.id === id)! as never;
}

describe('views and forms', () => {
  it('have the same id after a reload, so that the layout finds them', () => {
    const form = show({});
    const { id } = form;
    const restored = show({ view: `${id}-of-before` });
    expect(restored.id).toBe(`${id}-of-before`);
    expect(restored).not.toBe(form);
  });

  it('are opened once, and a form once for each kind', () => {
    expect(show({})).toBe(show({}));
    expect(show({ id: 'd1' })).toBe(show({ id: 'd1' }));
  });

  it('have the focus in their first field when they are asked for again', async () => {
    const view = show({});
    act(() => Widget.attach(view, document.body));
    MessageLoop.flush();
    const fields = () => [...view.node.querySelectorAll<HTMLElement>('form input')];
    await waitFor(() => expect(fields()).toHaveLength(2));
    const activate = () => {
      show({}); // it is open already
      view.activate();
      MessageLoop.flush(); // it activates its content
      MessageLoop.flush();
    };
    activate();
    expect(document.activeElement).toBe(fields()[0]);
    fields()[1].focus();
    activate();
    expect(document.activeElement).toBe(fields()[1]); // the user is there already
    view.dispose();
  });

  it('lose their drafts once the form was sent or the view was closed', () => {
    const [sent, closed] = [show({}), show({ id: 'd1' })];
    [sent, closed].forEach(({ id }) => remember(`${id}/form`, { value: 1 }));
    sent.content.target = { id: 'd2' };
    expect(recall(`${sent.id}/form`)).toBeUndefined();
    expect(recall(`${closed.id}/form`)).toBeDefined();
    closed.dispose();
    expect(recall(`${closed.id}/form`)).toBeUndefined();
  });
});
