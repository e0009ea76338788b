import { focusNode } from '../focus';
import { FlowStore } from '../flowStore';

const store = { focus: jest.fn(), select: jest.fn(), node: () => undefined };

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
