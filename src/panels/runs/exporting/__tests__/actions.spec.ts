import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, waitFor } from '@testing-library/react';
import { fakeClient } from '../../../../api/__tests__/fake';
import { IPanelServices } from '../../../frame/services';
import { exportActions } from '../actions';

const dialog = (selector: string) =>
  waitFor(() => {
    const found = document.querySelector<HTMLElement>(`.jp-Dialog ${selector}`);
    expect(found).not.toBeNull();
    return found!;
  });

describe('R15: the export of a run', () => {
  const links: string[] = [];
  beforeEach(() => {
    links.length = 0;
    jest.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (
      this: HTMLAnchorElement
    ) {
      links.push(this.href);
    });
  });
  afterEach(() => jest.restoreAllMocks());

  const services = {
    trans: nullTranslator.load('nbyard'),
    yard: { client: fakeClient(() => ({})) }
  } as unknown as IPanelServices;

  it('downloads an RO-Crate, with or without data from outside', async () => {
    for (const isChecked of [true, false]) {
      const done = exportActions.exportRun(services, ['r']);
      const box = (await dialog('input[type="checkbox"]')) as HTMLInputElement;
      if (box.checked !== isChecked) {
        fireEvent.click(box);
      }
      fireEvent.click(await dialog('.jp-mod-accept'));
      await done;
    }
    expect(links.map(link => link.replace(/.*\/nbyard/, ''))).toEqual([
      expect.stringContaining('/runs/r/crate?inputs=true'),
      expect.stringContaining('/runs/r/crate?inputs=false')
    ]);
  });

  it('does nothing if the user cancels', async () => {
    const done = exportActions.exportRun(services, ['r']);
    fireEvent.click(await dialog('.jp-mod-reject'));
    await done;
    expect(links).toEqual([]);
  });
});
