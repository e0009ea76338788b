/** The model of a form, whose image is built while the user fills the form in. */
import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useRef, useState } from 'react';
import { ApiError } from '../../../api/client';
import { ModelPackage } from '../../../api/types';
import { IField } from '../../../forms/schema/field';
import { IModelSource, IPanelServices } from '../../frame/services';
import { TemporaryImages } from './temporaryImages';

export interface IMaking {
  /** The build, once the server has read its source. */
  made: ModelPackage | undefined;
  /** Why it is not built before it is deployed. */
  later: string;
  /** Request the build; a class that was requested before is not requested again. */
  make: (className: string) => Promise<ModelPackage>;
  /** Keep the build until this work is over, even if the form closes. */
  hold: <T>(work: Promise<T>) => Promise<T>;
  /** Let the next request repeat the build, because this one failed. */
  forget: () => void;
}

/**
 * Build the source at once if it `canBuild`, unless that would replace something else; `onRefused`
 * gets the reason of a refusal. A build without a deployment is deleted after the form closes.
 */
export function useModel(
  { yard }: IPanelServices,
  source: IModelSource | undefined,
  className: string,
  canBuild: boolean,
  onRefused: (error: unknown) => void
): IMaking {
  const [made, setMade] = useState<ModelPackage>();
  const [later, setLater] = useState('');
  const asked = useRef<{ className: string; answer: Promise<ModelPackage> }>();
  const temporaryImages = useRef<TemporaryImages>();
  const forget = () => {
    asked.current = undefined;
  };
  const make = (className: string) => {
    if (asked.current?.className === className) {
      return asked.current.answer;
    }
    const body = className ? { ...source, class_name: className } : { ...source };
    const separate = !later;
    const answer = yard.client.call('models.build', { body, query: { separate } });
    asked.current = { className, answer };
    if (separate) {
      temporaryImages.current?.add(answer);
    }
    answer.then(setMade, ({ code, message, hint }: ApiError) => {
      forget();
      setMade(undefined);
      setLater(code === 'conflict' ? `${message} ${hint}` : '');
    });
    return answer;
  };
  useEffect(() => {
    if (!source) {
      return;
    }
    const ask = (className: string) =>
      make(className).catch((error: ApiError) => error.code === 'conflict' || onRefused(error));
    const again = async (lost: string) => {
      const last = asked.current;
      const made = await last?.answer.catch(() => undefined);
      if (last && made?.id === lost) {
        asked.current = undefined;
        await ask(last.className);
      }
    };
    const kept = (temporaryImages.current = new TemporaryImages(
      yard.client,
      lost => void again(lost)
    ));
    if (canBuild) {
      void ask(className);
    }
    return () => void kept.clear();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once for a form
  }, []);
  const hold = <T>(work: Promise<T>) => temporaryImages.current?.hold(work) ?? work;
  return { made, later, make, hold, forget };
}

/** Return the field for the class: a choice, or a text if the file inherits all of `predict`. */
export function classField(names: readonly string[], trans: TranslationBundle): IField {
  return {
    name: 'class_name',
    label: trans.__('Class'),
    help: trans.__('The class with a predict method.'),
    ...(names.length
      ? { kind: 'choice', labels: Object.fromEntries(names.map(name => [name, name])) }
      : { kind: 'text' })
  };
}
