import { Dialog } from '@jupyterlab/apputils';

/**
 * Closes the dialog, runs the action, and shows the dialog again with the focus on what the
 * selector `focus` finds, or on what it returns after the action.
 */
export type Leave = (action: () => Promise<unknown>, focus?: string | (() => string)) => void;

/**
 * Show a dialog whose body may open another one. JupyterLab shows one dialog at a time, so the first
 * one closes meanwhile. `make` is called for each time it is shown.
 */
export async function launch<T>(
  make: (leave: Leave, focus?: string) => Partial<Dialog.IOptions<T>>
): Promise<Dialog.IResult<T>> {
  let focus: string | (() => string) | undefined;
  for (;;) {
    const aside: (() => Promise<unknown>)[] = [];
    const leave: Leave = (action, next) => {
      aside.push(action);
      focus = next;
      dialog.reject();
    };
    const dialog = new Dialog(make(leave, typeof focus === 'function' ? focus() : focus));
    const result = await dialog.launch();
    if (!aside.length) {
      return result;
    }
    await aside[0]();
  }
}
