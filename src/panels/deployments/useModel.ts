/** The model that a form begins with: its image is built while the form is filled in. */
import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useRef, useState } from 'react';
import { FormField, ModelPackage } from '../../api/types';
import { IModelSource, IPanelServices } from '../services';

export interface IMaking {
  /** What is being built, once the server has read what it is made of. */
  made: ModelPackage | undefined;
  /** Ask for it; what was asked for with this class already is not asked for again. */
  make: (className: string) => Promise<ModelPackage>;
}

/** Builds at once what the source says; `onRefused` hears why not. */
export function useModel(
  { yard }: IPanelServices,
  source: IModelSource | undefined,
  onRefused: (error: unknown) => void
): IMaking {
  const [made, setMade] = useState<ModelPackage>();
  const asked = useRef<{ className: string; answer: Promise<ModelPackage> }>();
  const make = (className: string) => {
    if (asked.current?.className === className) {
      return asked.current.answer;
    }
    const body = className ? { ...source, class_name: className } : { ...source };
    const answer = yard.client.call('models.build', { body });
    asked.current = { className, answer };
    answer.then(setMade, () => {
      asked.current = undefined; // it may be asked for once more
      setMade(undefined);
    });
    return answer;
  };
  useEffect(() => {
    if (source) {
      make('').catch(onRefused);
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once for a form
  }, []);
  return { made, make };
}

/** Which class of a file is meant; the server guesses it where there is but one. */
export function classField(trans: TranslationBundle): FormField {
  return {
    name: 'class_name',
    title: trans.__('Class'),
    help: trans.__('The class with predict; where the file has only one, that.'),
    kind: 'text',
    default: null,
    least: null,
    most: null,
    unit: '',
    choices: [],
    is_required: false,
    is_advanced: false
  };
}
