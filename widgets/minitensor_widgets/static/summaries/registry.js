// What a dashboard can show, by kind. A pane's module ends with `PANES.<kind> = <its function>`; an
// island is joined with the modules of the kinds it holds, and the widget with all of them.
export const PANES = {};
