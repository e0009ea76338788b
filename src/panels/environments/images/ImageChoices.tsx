import { FileDialog } from '@jupyterlab/filebrowser';
import { useState } from 'react';
import { Button } from '../../../components/Button';
import { IField } from '../../../forms/schema/field';
import {
  declaredFields,
  readValue,
  Typed,
  typedValues,
  Values
} from '../../../forms/schema/fields';
import { SchemaForm } from '../../../forms/schema/SchemaForm';
import { IPanelServices } from '../../frame/services';
import { IDraft } from './images';

interface IChoicesProps {
  draft: IDraft;
  services: IPanelServices;
}

/** What the image contains besides the packages. The fields keep their texts as typed. */
export function Choices({ draft, services }: IChoicesProps): JSX.Element {
  const { browser, trans } = services;
  const { problems, recipe, change } = draft;
  const fields = declaredFields('Recipe', trans);
  const [values, setValues] = useState<Values>(() => typedValues(fields, recipe));
  const set = (field: IField, typed: Typed = '') => {
    setValues({ ...values, [field.name]: typed });
    const unread = field.kind === 'int' ? 0 : ''; // the server refuses it
    change({ [field.name]: readValue(field, typed) ?? unread });
  };
  const byName = (name: string) => fields.find(field => field.name === name)!;
  const choose = async () => {
    const { manager } = browser!.tracker.currentWidget!.model;
    const title = trans.__('Folder of project files');
    const { value } = await FileDialog.getExistingDirectory({ manager, title });
    if (value?.length) {
      set(byName('project'), manager.services.contents.localPath(value[0].path) || '.');
    }
  };
  const button = browser?.tracker.currentWidget && (
    <Button onClick={() => void choose()}>{trans.__('Choose…')}</Button>
  );
  return (
    <div className="nby-Image-choices">
      <SchemaForm
        {...{ fields, values, problems, trans }}
        below={{ project: button }}
        onChange={(name, typed) => set(byName(name), typed)}
      />
    </div>
  );
}
