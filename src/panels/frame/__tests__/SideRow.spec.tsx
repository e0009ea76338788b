import { PageConfig } from '@jupyterlab/coreutils';
import { cleanup, render, screen } from '@testing-library/react';
import { datasetIcon } from '../../../icons/items';
import { SideRow } from '../SideRow';

afterEach(() => {
  cleanup();
  PageConfig.setOption('nbyardOwner', '');
});

it.each([
  ['ann', 'sales'],
  ['bob', 'bob/sales'],
  [undefined, 'sales']
])('on a shared store, the row of %s is called %s', (owner, name) => {
  PageConfig.setOption('nbyardOwner', 'ann');
  render(<SideRow icon={datasetIcon} name="sales" owner={owner} />);
  expect(screen.getByText(name)).toBeTruthy();
});

it('names no owner on the store of one person', () => {
  render(<SideRow icon={datasetIcon} name="sales" owner="ann" />);
  expect(screen.getByText('sales')).toBeTruthy();
});
