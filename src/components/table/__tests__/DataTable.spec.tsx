import { nullTranslator } from '@jupyterlab/translation';
import { render, screen } from '@testing-library/react';
import { DataTable } from '../DataTable';

const trans = nullTranslator.load('nbyard');
const page = async () => ({
  columns: [{ name: 'a', type: 'int' }],
  offset: 0,
  total: 1,
  rows: [[7]]
});

describe('the preview of a table', () => {
  afterEach(() => document.documentElement.removeAttribute('style'));

  it.each([
    ['', '24px'],
    ['13px', '24px'],
    ['20px', '37px']
  ])('has rows in proportion to the font size of the interface: %s', async (size, height) => {
    document.documentElement.style.setProperty('--jp-ui-font-size1', size);
    render(<DataTable label="rows" load={page} trans={trans} />);
    const cell = await screen.findByText('7');
    expect(cell.closest('tr')!.style.height).toBe(height);
  });
});
