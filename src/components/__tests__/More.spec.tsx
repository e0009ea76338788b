import { fireEvent, render, screen } from '@testing-library/react';
import { More } from '../More';

describe('More', () => {
  const scrolled = jest.fn();
  beforeAll(() => (Element.prototype.scrollIntoView = scrolled));
  beforeEach(() => scrolled.mockClear());
  afterAll(() => delete (Element.prototype as Partial<Element>).scrollIntoView);

  const toggle = (isOpen: boolean) => {
    const details = screen.getByRole<HTMLDetailsElement>('group');
    details.open = isOpen;
    fireEvent(details, new Event('toggle'));
  };

  it('scrolls its fields into view when the user opens it, not when a form does', () => {
    const { rerender } = render(<More summary="More">a field</More>);
    toggle(true);
    expect(scrolled).toHaveBeenCalledTimes(1);
    toggle(false);
    rerender(
      <More summary="More" open>
        a field
      </More>
    );
    toggle(true);
    expect(scrolled).toHaveBeenCalledTimes(1);
  });
});
