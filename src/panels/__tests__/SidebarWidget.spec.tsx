import { nullTranslator } from '@jupyterlab/translation';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { act, waitFor } from '@testing-library/react';
import { IPanelServices } from '../frame/services';
import * as lazy from '../lazy';
import { SidebarWidget } from '../SidebarWidget';

jest.mock('../lazy', () => ({ Sidebar: jest.fn(() => null) }));

const drawn = lazy.Sidebar as jest.MockedFunction<typeof lazy.Sidebar>;

/** A sidebar in the page, and how often it was drawn so far. */
function attach(isHidden: boolean) {
  const start = jest.fn();
  const yard = { datasets: { start } };
  const services = { yard, trans: nullTranslator.load('nbyard') } as unknown as IPanelServices;
  const panel = new SidebarWidget(services);
  const renders = jest.spyOn(panel as unknown as { render: () => unknown }, 'render');
  panel.setHidden(isHidden);
  act(() => Widget.attach(panel, document.body));
  act(() => MessageLoop.flush());
  return { panel, renders, start };
}

describe('the sidebar', () => {
  beforeEach(() => drawn.mockClear());

  it('is drawn once when it comes into the page', async () => {
    const { panel, renders, start } = attach(false);
    // before its code has arrived
    expect(start).toHaveBeenCalledTimes(1);
    expect(renders).toHaveBeenCalledTimes(1);
    await waitFor(() => expect(drawn).toHaveBeenCalledTimes(1));
    expect(drawn.mock.calls[0][0].isVisible).toBe(true);
    act(() => panel.dispose());
  });

  it('starts nothing before it is first visible, and knows when it is hidden', async () => {
    const { panel, start } = attach(true);
    await act(async () => undefined);
    expect(start).not.toHaveBeenCalled();
    expect(drawn).not.toHaveBeenCalled();
    const last = () => drawn.mock.calls[drawn.mock.calls.length - 1]?.[0].isVisible;
    panel.show();
    await waitFor(() => expect(last()).toBe(true));
    panel.hide();
    await waitFor(() => expect(last()).toBe(false));
    act(() => panel.dispose());
  });
});
