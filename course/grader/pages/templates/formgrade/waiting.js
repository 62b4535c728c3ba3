// At the end of formgrader's lists: a written answer that waits for a hand is not graded yet, and
// not 0. What nbgrader's own scripts write into a row is mended right after they have written it.
(function () {
  "use strict";
  var waiting = JSON.parse(document.getElementById("waiting").textContent);

  // Some lists' rows do not say whether anything waits; for these the page does.
  var waits = function (row) {
    if (row.has("needs_manual_grade")) { return Boolean(row.get("needs_manual_grade")); }
    if ("email" in row.attributes) { return waiting.students.includes(row.id); }
    return waiting.assignments.includes(row.get("name"));
  };

  var mend = function (view) {
    if (!waits(view.model)) { return; }
    var total = view.$el.find(".score, .avg-score");
    var written = view.$el.find(".written-score, .avg-written-score");
    var byHand = view.model.get("average_written_score");
    if (byHand === undefined) { byHand = view.model.get("written_score"); }
    if (total.text()) { total.text(total.text() + " so far"); }
    if (written.length) {
      written.text(byHand ? written.text() + " so far" : "not graded yet");
    } else {
      var note = byHand === 0 ? "written answers not graded yet" : "not all answers graded yet";
      total.append($("<small/>").addClass("text-muted").css("display", "block").text(note));
    }
  };

  Object.keys(window).filter(function (name) { return /UI$/.test(name); }).forEach(function (name) {
    var view = window[name].prototype, plain = view.render;
    view.render = function () {
      plain.apply(this, arguments);
      mend(this);
    };
  });
})();
