BEGIN TRANSACTION;
CREATE TABLE attempt (
	id INTEGER NOT NULL, 
	assignment VARCHAR(240) NOT NULL, 
	learner VARCHAR(240) NOT NULL, 
	origin VARCHAR(600) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	submitted_at VARCHAR(40) NOT NULL, 
	collected_at VARCHAR(40) NOT NULL, 
	folder TEXT NOT NULL, 
	refusal TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (assignment, learner, origin)
);
INSERT INTO "attempt" VALUES(1,'ps1','ana','submitted@2026-11-20T08:00:00+00:00-f7a16426ae6b','f7a16426ae6b95bf94f1c6ae0a24ce18cce184a030a8d9526ce629cdc92a2cc4','2026-11-20T08:00:00+00:00','2026-11-23T19:47:47.032119+00:00','attempts/ps1/ana/20261120T080000000000-f7a16426ae6b','');
INSERT INTO "attempt" VALUES(2,'ps1','ben','submitted@2026-11-20T08:00:00+00:00-dcbd770ac2b4','dcbd770ac2b4d624045e3bd922ee416e54c233d681e52760c4e43ceb6735d843','2026-11-20T08:00:00+00:00','2026-11-23T19:47:47.032119+00:00','attempts/ps1/ben/20261120T080000000000-dcbd770ac2b4','');
INSERT INTO "attempt" VALUES(3,'ps1','ana','submitted@2026-11-21T08:00:00+00:00-18f01d70e968','18f01d70e9682c01b80788b5a6583184ebc60f4b498ab46a4a361ccc4f3dc242','2026-11-21T08:00:00+00:00','2026-11-23T19:47:48.865208+00:00','attempts/ps1/ana/20261121T080000000000-18f01d70e968','');
CREATE TABLE grading_run (
	id VARCHAR(36) NOT NULL, 
	assignment VARCHAR(240) NOT NULL, 
	source_digest VARCHAR(64) NOT NULL, 
	engine VARCHAR(20) NOT NULL, 
	sandbox VARCHAR(200) NOT NULL, 
	environment TEXT NOT NULL, 
	started_at VARCHAR(40) NOT NULL, 
	finished_at VARCHAR(40), 
	PRIMARY KEY (id)
);
INSERT INTO "grading_run" VALUES('0666bd50-c4ba-4560-9447-fb400c4bbe6f','ps1','2e53bea17c7c3f414c05e71f2912d7285893b12181a0dac5fe502a21f6516157','compat','fork of one kernel: 8 layers','{"python": "3.11.7", "nbgrader": "0.9.6", "nbclient": "0.11.0", "ipykernel": "7.4.0", "numpy": "2.4.6", "pandas": "3.1.1", "matplotlib": "3.11.2", "scipy": "1.17.1"}','2026-11-23T19:47:48.477109+00:00','2026-11-23T19:47:48.584529+00:00');
INSERT INTO "grading_run" VALUES('cad1194b-7acd-4a31-ae65-878476c758c3','ps1','2e53bea17c7c3f414c05e71f2912d7285893b12181a0dac5fe502a21f6516157','compat','fork of one kernel: 8 layers','{"python": "3.11.7", "nbgrader": "0.9.6", "nbclient": "0.11.0", "ipykernel": "7.4.0", "numpy": "2.4.6", "pandas": "3.1.1", "matplotlib": "3.11.2", "scipy": "1.17.1"}','2026-11-23T19:47:50.238251+00:00','2026-11-23T19:47:50.380423+00:00');
CREATE TABLE result (
	id INTEGER NOT NULL, 
	attempt_id INTEGER NOT NULL, 
	run_id VARCHAR(36) NOT NULL, 
	status VARCHAR(10) NOT NULL, 
	reason TEXT NOT NULL, 
	cells TEXT NOT NULL, 
	answers TEXT NOT NULL, 
	warnings TEXT NOT NULL, 
	notebooks TEXT NOT NULL, 
	graded_at VARCHAR(40) NOT NULL, 
	duration_s DOUBLE NOT NULL, 
	recorded BOOLEAN NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (attempt_id, run_id), 
	FOREIGN KEY(attempt_id) REFERENCES attempt (id), 
	FOREIGN KEY(run_id) REFERENCES grading_run (id)
);
INSERT INTO "result" VALUES(1,2,'0666bd50-c4ba-4560-9447-fb400c4bbe6f','failed','p1.ipynb: this is not a notebook: Notebook does not appear to be JSON: ''{''
Open it in JupyterLab, save it there, and try again.','[]','[]','[]','{}','2026-11-23T19:47:48.516211+00:00',0.03,1);
INSERT INTO "result" VALUES(2,1,'0666bd50-c4ba-4560-9447-fb400c4bbe6f','graded','','[{"name": "test_square", "notebook": "p1", "kind": "test", "points_possible": 2.0, "auto_score": 2.0, "is_unanswered": false, "note": null, "is_sealed": false}, {"name": "test_found", "notebook": "p1", "kind": "test", "points_possible": 3.0, "auto_score": 3.0, "is_unanswered": false, "note": null, "is_sealed": false}, {"name": "essay", "notebook": "p1", "kind": "manual", "points_possible": 4.0, "auto_score": null, "is_unanswered": false, "note": null, "is_sealed": false}]','[{"name": "square", "notebook": "p1", "is_unanswered": false}, {"name": "found", "notebook": "p1", "is_unanswered": false}, {"name": "essay", "notebook": "p1", "is_unanswered": false}]','[]','{"p1": "2a616ef936d3afa3c4587d5376b2e8261b51de11175c02ea9d733f4052ce20c7"}','2026-11-23T19:47:48.560078+00:00',0.074,0);
INSERT INTO "result" VALUES(3,3,'cad1194b-7acd-4a31-ae65-878476c758c3','graded','','[{"name": "test_square", "notebook": "p1", "kind": "test", "points_possible": 2.0, "auto_score": 2.0, "is_unanswered": false, "note": null, "is_sealed": false}, {"name": "test_found", "notebook": "p1", "kind": "test", "points_possible": 3.0, "auto_score": 1.0, "is_unanswered": false, "note": null, "is_sealed": false}, {"name": "essay", "notebook": "p1", "kind": "manual", "points_possible": 4.0, "auto_score": 0.0, "is_unanswered": true, "note": null, "is_sealed": false}]','[{"name": "square", "notebook": "p1", "is_unanswered": false}, {"name": "found", "notebook": "p1", "is_unanswered": false}, {"name": "essay", "notebook": "p1", "is_unanswered": true}]','[]','{"p1": "bf4d653026cad15df205f23e519684e123ebff47d8f71b3b8e2cd803d96665c6"}','2026-11-23T19:47:50.360000+00:00',0.107,1);
CREATE INDEX ix_attempt_assignment ON attempt (assignment);
CREATE INDEX ix_attempt_learner ON attempt (learner);
CREATE INDEX ix_result_attempt_id ON result (attempt_id);
CREATE INDEX ix_result_run_id ON result (run_id);
COMMIT;
