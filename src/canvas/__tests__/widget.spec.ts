import { act } from '@testing-library/react';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { CanvasPanel } from '../widget';
import { bench } from '../model/__tests__/fakes';

jest.mock('../lazy', () => ({
  actions: {},
  Canvas: () => null,
  followDisk: () => undefined,
  guardSave: () => undefined,
  CanvasController: jest.requireActual('../model/controller').CanvasController,
  Forecast: jest.requireActual('../forecast/forecast').Forecast
}));

jest.useFakeTimers();

it('K15: a canvas that was hidden while its code was loaded asks for nothing', async () => {
  const { canvas, backend, runs } = await bench();
  const { context, services, contents, commands, trans } = canvas;
  Object.assign(context, { ready: Promise.resolve() });
  const panel = new CanvasPanel({ context, services, contents, commands, trans });
  Widget.attach(panel, document.body);
  panel.hide();
  await jest.advanceTimersByTimeAsync(2000);
  expect(panel.canvas).toBeDefined();
  expect(backend.forecasts).toHaveLength(0);
  expect(runs).toMatchObject({ isShown: false });
  panel.show();
  await jest.advanceTimersByTimeAsync(2000);
  expect(backend.forecasts).toHaveLength(1);
  expect(runs).toMatchObject({ isShown: true });
  act(() => panel.dispose());
  canvas.dispose();
});

it('K7: a canvas that is activated late leaves the focus in its picker', async () => {
  const { canvas } = await bench();
  const { context, services, contents, commands, trans } = canvas;
  Object.assign(context, { ready: Promise.resolve() });
  const panel = new CanvasPanel({ context, services, contents, commands, trans });
  Widget.attach(panel, document.body);
  await jest.advanceTimersByTimeAsync(2000);
  const outside = document.body.appendChild(document.createElement('input'));
  const picker = panel.node.appendChild(document.createElement('input'));
  panel.node.tabIndex = -1;
  outside.focus();
  MessageLoop.sendMessage(panel, Widget.Msg.ActivateRequest);
  expect(document.activeElement).toBe(panel.node);
  picker.focus();
  MessageLoop.sendMessage(panel, Widget.Msg.ActivateRequest);
  expect(document.activeElement).toBe(picker);
  act(() => panel.dispose());
  outside.remove();
  canvas.dispose();
});
