import { focusNode, keepFocus } from '../focus';
import { FlowStore } from '../flowStore';

const store = {
  focus: jest.fn(),
  select: jest.fn(),
  node: () => undefined,
  place: () => [0, 0],
  shown: (id: string) => id
};

/** A diagram whose card is drawn later. */
function diagram(): { stage: HTMLElement; draw: () => HTMLElement } {
  const stage = document.body.appendChild(document.createElement('div'));
  stage.tabIndex = 0;
  stage.focus();
  const draw = () => {
    const card = stage.appendChild(document.createElement('div'));
    card.className = 'react-flow__node';
    card.dataset.id = 'a';
    card.tabIndex = 0;
    return card;
  };
  return { stage, draw };
}

describe('the focus of a card that is drawn later', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => {
    jest.useRealTimers();
    document.body.replaceChildren();
  });

  it('comes once it is drawn', () => {
    const { stage, draw } = diagram();
    focusNode({ store: store as unknown as FlowStore, stage }, 'a');
    jest.advanceTimersByTime(50);
    const card = draw();
    jest.advanceTimersByTime(50);
    expect(document.activeElement).toBe(card);
  });

  it('stays in a picker that opened meanwhile', () => {
    const { stage, draw } = diagram();
    focusNode({ store: store as unknown as FlowStore, stage }, 'a');
    jest.advanceTimersByTime(50);
    const picker = document.body.appendChild(document.createElement('input'));
    picker.focus();
    draw();
    jest.advanceTimersByTime(1000);
    expect(document.activeElement).toBe(picker);
  });
});

describe('the focus, when a menu or dialog disappears', () => {
  afterEach(() => document.body.replaceChildren());

  /** A focused menu that is a child of the body. */
  const open = (name: string) => {
    const menu = document.body.appendChild(document.createElement('div'));
    menu.className = name;
    menu.tabIndex = -1;
    menu.focus();
    return menu;
  };
  const seen = () => new Promise(resolve => requestAnimationFrame(resolve));

  it('returns to the card, or to the diagram without it', async () => {
    const { stage, draw } = diagram();
    const own = { ...store, focused: 'a' } as unknown as FlowStore;
    const stop = keepFocus({ store: own, stage, front: stage }, stage);
    const card = draw();
    open('lm-Menu').remove();
    await seen();
    expect(document.activeElement).toBe(card);
    const dialog = open('jp-Dialog');
    card.remove();
    dialog.remove();
    await seen();
    expect(document.activeElement).toBe(stage);
    stop();
  });

  it('stays where it is when a toast disappears, or after a press on text elsewhere', async () => {
    const { stage } = diagram();
    const own = { ...store } as unknown as FlowStore;
    const stop = keepFocus({ store: own, stage, front: stage }, stage);
    stage.blur();
    document.body.appendChild(document.createElement('div')).remove();
    await seen();
    expect(document.activeElement).toBe(document.body);
    const text = document.body.appendChild(document.createElement('p'));
    const press = () =>
      text.dispatchEvent(new MouseEvent('mousedown', { bubbles: true, cancelable: true }));
    const keep = (event: Event) => event.preventDefault();
    text.addEventListener('mousedown', keep); // as buttons of a toolbar do
    press();
    open('lm-Menu').remove();
    await seen();
    expect(document.activeElement).toBe(stage);
    stage.blur();
    text.removeEventListener('mousedown', keep);
    press();
    open('lm-Menu').remove();
    await seen();
    expect(document.activeElement).toBe(document.body);
    stop();
  });

  it('stays away from a canvas that did not have it', async () => {
    const { stage } = diagram();
    const stop = keepFocus(
      { store: { ...store } as unknown as FlowStore, stage, front: stage },
      stage
    );
    const other = document.body.appendChild(document.createElement('input'));
    other.focus();
    other.remove();
    await seen();
    open('lm-Menu').remove();
    await seen();
    expect(document.activeElement).toBe(document.body);
    stop();
  });
});
