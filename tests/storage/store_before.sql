BEGIN TRANSACTION;
CREATE TABLE agora_rounds (
	id INTEGER NOT NULL, 
	job_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	round TEXT NOT NULL, 
	summary TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (job_id, number), 
	FOREIGN KEY(job_id) REFERENCES jobs (id) ON DELETE CASCADE
);
INSERT INTO "agora_rounds" VALUES(1,2,0,'{"number": 0, "train_size": 1500, "setting": 1, "setting_errors": [[0, 0.06533333333333333], [1, 0.06066666666666667], [2, 0.06133333333333333]], "surviving": [1, 2], "dev_error": {"wrong": 91, "n": 1500}, "wrong_dev": [29, 45, 46, 69, 76, 79, 98, 126, 128, 133, 134, 143, 162, 201, 212, 227, 293, 311, 315, 318, 323, 329, 360, 361, 362, 454, 509, 535, 540, 543, 555, 565, 568, 580, 590, 598, 605, 619, 634, 639, 646, 668, 672, 702, 716, 729, 740, 782, 788, 796, 800, 824, 865, 873, 892, 896, 912, 933, 962, 965, 976, 981, 1002, 1023, 1032, 1079, 1114, 1123, 1153, 1157, 1158, 1233, 1250, 1262, 1285, 1288, 1310, 1326, 1329, 1331, 1362, 1385, 1395, 1402, 1413, 1416, 1421, 1468, 1472, 1474, 1493], "replayed": null, "points": [{"value": [-1.2985616159179063, 1.068493128330329, 0.9389052063472562], "parent": 580, "sampler": "tangent", "distance": 1.3442839432290365, "verdict": "accepted", "student_before": 0, "label": 0, "confidence": 1.0, "probabilities": [1.0, 0.0], "labeler_label": null}, {"value": [-2.6676623351708275, 0.5947368727089715, 0.6559736063475408], "parent": 1262, "sampler": "tangent", "distance": 1.1064402285959494, "verdict": "accepted", "student_before": 0, "label": 0, "confidence": 1.0, "probabilities": [1.0, 0.0], "labeler_label": null}, {"value": [0.5986802253999941, 0.9001973395062874, 0.3998849382666005], "parent": 540, "sampler": "tangent", "distance": 0.6322752151167291, "verdict": "accepted", "student_before": 0, "label": 1, "confidence": 1.0, "probabilities": [0.0, 1.0], "labeler_label": null}, {"value": [1.0966485761747555, 1.067929800643387, 0.869062903500569], "parent": 933, "sampler": "tangent", "distance": 1.2499826896903616, "verdict": "accepted", "student_before": 0, "label": 1, "confidence": 1.0, "probabilities": [0.0, 1.0], "labeler_label": null}, {"value": [1.3754776929418595, -0.9834038679555914, -0.8735296136050924], "parent": 639, "sampler": "tangent", "distance": 0.45670326385308446, "verdict": "accepted", "student_before": 1, "label": 0, "confidence": 1.0, "probabilities": [1.0, 0.0], "labeler_label": null}, {"value": [2.554065512499338, -0.7238266333822271, 0.717919529198765], "parent": 668, "sampler": "tangent", "distance": 0.8193363897060378, "verdict": "accepted", "student_before": 1, "label": 1, "confidence": 1.0, "probabilities": [0.0, 1.0], "labeler_label": null}, {"value": [0.5719365971364863, -0.8766266530679918, -0.3277620435121484], "parent": 555, "sampler": "tangent", "distance": 1.5137614923994478, "verdict": "outside-radius", "student_before": null, "label": null, "confidence": null, "probabilities": [], "labeler_label": null}, {"value": [-1.2043129606948677, 0.7665032200872269, -0.8177457740505084], "parent": 29, "sampler": "tangent", "distance": 1.5020238027349802, "verdict": "outside-radius", "student_before": null, "label": null, "confidence": null, "probabilities": [], "labeler_label": null}, {"value": [0.3643936810220626, -1.1149015706095067, -0.5588129476732949], "parent": 565, "sampler": "tangent", "distance": 1.5281601194782197, "verdict": "outside-radius", "student_before": null, "label": null, "confidence": null, "probabilities": [], "labeler_label": null}, {"value": [0.6533422753472965, 0.8693661277324533, 0.4284256211284707], "parent": 311, "sampler": "tangent", "distance": 1.182425516317258, "verdict": "budget-spent", "student_before": null, "label": null, "confidence": null, "probabilities": [], "labeler_label": null}, {"value": [2.1618991958803435, -0.9588743782454988, -0.9018801475678476], "parent": 605, "sampler": "tangent", "distance": 0.28451588264160127, "verdict": "budget-spent", "student_before": null, "label": null, "confidence": null, "probabilities": [], "labeler_label": null}, {"value": [2.14018961925012, -0.8384565778639186, -0.9313875783909205], "parent": 1123, "sampler": "tangent", "distance": 1.0388564077715174, "verdict": "budget-spent", "student_before": null, "label": null, "confidence": null, "probabilities": [], "labeler_label": null}, {"value": [0.8390364891712443, -1.0218265109013227, -0.7448709021934793], "parent": 565, "sampler": "tangent", "distance": 1.041389594789068, "verdict": "budget-spent", "student_before": null, "label": null, "confidence": null, "probabilities": [], "labeler_label": null}, {"value": [2.3232414106327823, 0.5203878255168252, 0.9009267443178894], "parent": 76, "sampler": "tangent", "distance": 0.9794040276087755, "verdict": "budget-spent", "student_before": null, "label": null, "confidence": null, "probabilities": [], "labeler_label": null}, {"value": [1.3508172084755468, 0.10340504932216767, 0.7676795443569244], "parent": 1023, "sampler": "tangent", "distance": 0.7794431924978078, "verdict": "budget-spent", "student_before": null, "label": null, "confidence": null, "probabilities": [], "labeler_label": null}], "after": [], "ending": null}','{"round": 0, "train_size": 1500, "errors_found": 91, "proposed": 15, "refused": {"outside-radius": 3, "budget-spent": 6}, "accepted": 6, "dev_error": 0.06066666666666667, "dev_low": 0.04967170257629274, "dev_high": 0.0739061238831734, "dev_n": 1500, "setting": 1, "surviving_hyperparameters": [{"neighbours": 5.0}, {"neighbours": 15.0}], "replayed": null, "ending": null, "audit_error": 0.0775, "audit_low": 0.06961328909644399, "audit_high": 0.08619744048335377, "audit_n": 4000, "gap": 0.016833333333333332, "near_dev": null, "betti": [1, 1, 0], "coverage": 0.8946666666666667, "seconds": 1.7871582410002702}',1.79584848621259880068e+09);
INSERT INTO "agora_rounds" VALUES(2,2,1,'{"number": 1, "train_size": 1512, "setting": 2, "setting_errors": [[1, 0.07066666666666667], [2, 0.054]], "surviving": [2], "dev_error": {"wrong": 81, "n": 1500}, "wrong_dev": [29, 45, 46, 68, 79, 98, 128, 133, 134, 143, 162, 201, 212, 222, 227, 293, 315, 318, 323, 360, 361, 362, 371, 454, 509, 540, 543, 555, 565, 569, 580, 593, 598, 613, 619, 639, 646, 656, 668, 702, 716, 728, 740, 751, 782, 788, 865, 873, 896, 912, 913, 914, 929, 962, 965, 972, 981, 1031, 1032, 1079, 1114, 1150, 1153, 1157, 1158, 1233, 1262, 1270, 1288, 1310, 1326, 1329, 1331, 1362, 1385, 1395, 1402, 1413, 1416, 1474, 1498], "replayed": null, "points": [], "after": [0, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1], "ending": "rounds-spent"}','{"round": 1, "train_size": 1512, "errors_found": 81, "proposed": 0, "refused": {}, "accepted": 0, "dev_error": 0.054, "dev_low": 0.04365935933562643, "dev_high": 0.06661919286677545, "dev_n": 1500, "setting": 2, "surviving_hyperparameters": [{"neighbours": 15.0}], "replayed": null, "ending": "rounds-spent", "audit_error": 0.066, "audit_low": 0.05871462523035539, "audit_high": 0.0741181715451055, "audit_n": 4000, "gap": 0.012000000000000004, "near_dev": null, "betti": [3, 1, 0], "coverage": 0.9993333333333333, "seconds": 1.479412327999853}',1.79584848792394280439e+09);
CREATE TABLE audits (
	id INTEGER NOT NULL, 
	study_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	"plan" TEXT NOT NULL, 
	job_id INTEGER, 
	is_closed BOOLEAN NOT NULL, 
	created_at FLOAT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (study_id, number), 
	FOREIGN KEY(study_id) REFERENCES studies (id) ON DELETE CASCADE
);
INSERT INTO "audits" VALUES(1,1,1,'{"number": 1, "seed": 0, "goal": "cover", "epsilon": 0.5, "weights": [1.0, 1.0, 1.0], "is_certified": true, "evaluated": [0, 1, 2, 4, 7, 9, 10], "passed_over": [], "members": [0, 2], "drawn": [5, 6]}',1,0,1.79584848181189751627e+09);
CREATE TABLE bort_schema (
	version INTEGER NOT NULL
);
INSERT INTO "bort_schema" VALUES(3);
CREATE TABLE evaluations (
	id INTEGER NOT NULL, 
	study_id INTEGER NOT NULL, 
	architecture_id TEXT NOT NULL, 
	architecture TEXT NOT NULL, 
	error_rate FLOAT NOT NULL, 
	error_se FLOAT NOT NULL, 
	n INTEGER NOT NULL, 
	macro_f1 FLOAT, 
	seed INTEGER NOT NULL, 
	steps INTEGER NOT NULL, 
	seconds FLOAT NOT NULL, 
	diverged BOOLEAN NOT NULL, 
	attempts INTEGER NOT NULL, 
	wrong_items BLOB NOT NULL, 
	created_at FLOAT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (study_id, architecture_id, seed), 
	FOREIGN KEY(study_id) REFERENCES studies (id) ON DELETE CASCADE
);
INSERT INTO "evaluations" VALUES(1,1,'2-2-64-64','{"depth": 2, "heads": 2, "hidden": 64, "intermediate": 64}',4.66666666666666674068e-01,2.03670030886926207991e-02,600,NULL,0,200,14.0,0,1,X'0102',1.79584848130702972408e+09);
INSERT INTO "evaluations" VALUES(2,1,'1-2-64-128','{"depth": 1, "heads": 2, "hidden": 64, "intermediate": 128}',0.475,2.0386883037875114244e-02,600,NULL,0,200,14.0,0,1,X'0102',1.7958484813634066581e+09);
INSERT INTO "evaluations" VALUES(3,1,'1-2-128-64','{"depth": 1, "heads": 2, "hidden": 128, "intermediate": 64}',4.48333333333333305947e-01,2.03031424314708656975e-02,600,NULL,0,200,14.0,0,1,X'0102',1.79584848140407037737e+09);
INSERT INTO "evaluations" VALUES(4,1,'1-2-64-64','{"depth": 1, "heads": 2, "hidden": 64, "intermediate": 64}',4.88333333333333341474e-01,2.04068570538144082593e-02,600,NULL,0,200,14.0,0,1,X'0102',1.79584848145482182503e+09);
INSERT INTO "evaluations" VALUES(5,1,'2-2-128-128','{"depth": 2, "heads": 2, "hidden": 128, "intermediate": 128}',0.435,2.02391946480090928472e-02,600,NULL,0,200,14.0,0,1,X'0102',1.79584848149931931493e+09);
INSERT INTO "evaluations" VALUES(6,1,'3-2-64-128','{"depth": 3, "heads": 2, "hidden": 64, "intermediate": 128}',4.53333333333333310388e-01,2.03233126491976466565e-02,600,NULL,0,200,14.0,0,1,X'0102',1.79584848154262351985e+09);
INSERT INTO "evaluations" VALUES(7,1,'3-2-128-64','{"depth": 3, "heads": 2, "hidden": 128, "intermediate": 64}',4.26666666666666694052e-01,2.01916741184009727871e-02,600,NULL,0,200,14.0,0,1,X'0102',1.7958484816511023044e+09);
INSERT INTO "evaluations" VALUES(8,1,'2-2-64-128','{"depth": 2, "heads": 2, "hidden": 64, "intermediate": 128}',0.465,2.03623426942972328423e-02,600,NULL,0,200,14.0,0,1,X'0102',1.79584848184091067316e+09);
INSERT INTO "evaluations" VALUES(9,1,'2-2-128-64','{"depth": 2, "heads": 2, "hidden": 128, "intermediate": 64}',4.36666666666666647422e-01,2.02479994439322685817e-02,600,NULL,0,200,14.0,0,1,X'0102',1.79584848189613294601e+09);
CREATE TABLE job_events (
	id INTEGER NOT NULL, 
	job_id INTEGER NOT NULL, 
	at FLOAT NOT NULL, 
	level TEXT NOT NULL, 
	message TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(job_id) REFERENCES jobs (id) ON DELETE CASCADE
);
INSERT INTO "job_events" VALUES(1,1,1.7958484812104611397e+09,'info','attempt 1 begins');
INSERT INTO "job_events" VALUES(2,1,1.79584848131499552723e+09,'info','trained 2-2-64-64 seed 0: error 0.4667 in 14.0 s');
INSERT INTO "job_events" VALUES(3,1,1.79584848136766028403e+09,'info','trained 1-2-64-128 seed 0: error 0.4750 in 14.0 s');
INSERT INTO "job_events" VALUES(4,1,1.7958484814145545959e+09,'info','trained 1-2-128-64 seed 0: error 0.4483 in 14.0 s');
INSERT INTO "job_events" VALUES(5,1,1.79584848146339273451e+09,'info','trained 1-2-64-64 seed 0: error 0.4883 in 14.0 s');
INSERT INTO "job_events" VALUES(6,1,1.7958484815024893284e+09,'info','trained 2-2-128-128 seed 0: error 0.4350 in 14.0 s');
INSERT INTO "job_events" VALUES(7,1,1.79584848155878782274e+09,'info','trained 3-2-64-128 seed 0: error 0.4533 in 14.0 s');
INSERT INTO "job_events" VALUES(8,1,1.79584848167458963389e+09,'info','trained 3-2-128-64 seed 0: error 0.4267 in 14.0 s');
INSERT INTO "job_events" VALUES(9,1,1.79584848175000524527e+09,'info','the search ends: certified');
INSERT INTO "job_events" VALUES(10,1,1.79584848186657810211e+09,'info','trained 2-2-64-128 seed 0: error 0.4650 in 14.0 s');
INSERT INTO "job_events" VALUES(11,1,1795848481.92661,'info','trained 2-2-128-64 seed 0: error 0.4367 in 14.0 s');
INSERT INTO "job_events" VALUES(12,1,1.79584848399887228014e+09,'info','audit 1: 2 of 5 audited at random, 0 failed; with 95% confidence at most 3 of 5 are uncovered by the standard of ε = 0.5, on this dev set');
INSERT INTO "job_events" VALUES(13,1,1.79584848423091769219e+09,'info','done');
INSERT INTO "job_events" VALUES(14,2,1.79584848430687427523e+09,'info','attempt 1 begins');
INSERT INTO "job_events" VALUES(15,2,1.79584848811070632934e+09,'info','done');
INSERT INTO "job_events" VALUES(16,3,1.79584848822375226016e+09,'info','attempt 1 begins');
INSERT INTO "job_events" VALUES(17,3,1.79584848833046102525e+09,'error','failed: the teacher has other labels (A, B); name another with --teacher');
INSERT INTO "job_events" VALUES(18,4,1.79584848841044616703e+09,'info','attempt 1 begins');
INSERT INTO "job_events" VALUES(19,4,1.79584848849438738819e+09,'info','cancellation requested');
INSERT INTO "job_events" VALUES(20,4,1.79584848854984855653e+09,'info','cancelled: cancelled');
INSERT INTO "job_events" VALUES(21,5,1.79584848862639069556e+09,'info','attempt 1 begins');
INSERT INTO "job_events" VALUES(22,5,1.79584848865490865708e+09,'warning','its winners were not measured: busy');
INSERT INTO "job_events" VALUES(23,5,1.79584848869448423383e+09,'warning','lost: its process 4242 is gone (killed, or the machine restarted)');
INSERT INTO "job_events" VALUES(24,7,1.79584848886641311642e+09,'info','attempt 1 begins');
INSERT INTO "job_events" VALUES(25,8,1.79584848901841592793e+09,'info','attempt 1 begins');
INSERT INTO "job_events" VALUES(26,9,1.7958484891103751659e+09,'info','attempt 1 begins');
INSERT INTO "job_events" VALUES(27,10,1.79584848918403816218e+09,'info','attempt 1 begins');
INSERT INTO "job_events" VALUES(28,11,1.79584848931443643573e+09,'info','attempt 1 begins');
INSERT INTO "job_events" VALUES(29,12,1.79584848948116111754e+09,'info','attempt 1 begins');
CREATE TABLE jobs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind TEXT NOT NULL, 
	spec TEXT NOT NULL, 
	study TEXT, 
	state TEXT NOT NULL, 
	attempt INTEGER NOT NULL, 
	created_at FLOAT NOT NULL, 
	started_at FLOAT, 
	finished_at FLOAT, 
	heartbeat_at FLOAT, 
	seconds FLOAT NOT NULL, 
	seconds_before FLOAT NOT NULL, 
	progress TEXT NOT NULL, 
	reason TEXT, 
	result TEXT, 
	cancel_requested BOOLEAN NOT NULL, 
	host TEXT, 
	pid INTEGER, 
	process_started FLOAT, 
	boot_id TEXT, 
	is_detached BOOLEAN NOT NULL, 
	folder_name TEXT NOT NULL
);
INSERT INTO "jobs" VALUES(1,'search','{"name": "before", "space": {"name": "small", "family": "bert", "dimensions": {"depth": [1, 2, 3], "heads": [2], "hidden": [64, 128], "intermediate": [64, 128]}, "fixed": {"vocabulary": 100, "positions": 64, "types": 2, "labels": 2}}, "task": {"task": "movie-reviews", "text": ["text"], "label": "label", "labelled": null, "seed": 0}, "training": {"steps": 200, "batch_size": 32, "learning_rates": [], "seeds": 1, "initialise": "inherit", "source": null, "teacher": null, "max_length": null, "device": "auto", "threads": null}, "latency": {"runtime": "torch-float32", "batch_size": 1, "sequence_length": 32, "threads": null, "profile": "made-up"}, "search": {"goal": "cover", "epsilon": 0.5, "weights": [1.0, 1.0, 1.0], "budget": 8, "minutes": null, "lipschitz": 0.6, "slack": null, "confidence": null, "audit": 2, "include": [], "seed": 0}}','before','done',1,1.79584848111646485325e+09,1.79584848117520451543e+09,1.79584848419571948057e+09,1.79584848386227512355e+09,3.02051496505737304687e+00,0.0,'{"done": 1, "total": 2, "message": "Auditing 2-2-128-64", "eta_s": null, "extra": {"study": "before", "stage": "Auditing the answer"}}',NULL,'{"job": 1, "study": "before", "space_size": 12, "evaluations": 7, "evaluation_bound": 12, "certified_epsilon": 0.43062370663613025, "goal": "cover", "epsilon": 0.5, "weights": [1.0, 1.0, 1.0], "guarantee": "proved", "guaranteed": true, "cover": ["1-2-64-64", "1-2-128-64"], "front": [{"id": "1-2-64-64", "architecture": {"depth": 1, "heads": 2, "hidden": 64, "intermediate": 64}, "parameter_count": 40258, "effective_parameter_count": 29506, "latency_ms": 0.22917504, "latency_low_ms": 0.2154245376, "latency_high_ms": 0.2429255424, "latency_measured": null, "error_rate": 0.48833333333333334, "error_se": 0.020406857053814408, "n_dev": 600, "macro_f1": null, "seeds": 1}, {"id": "1-2-64-128", "architecture": {"depth": 1, "heads": 2, "hidden": 64, "intermediate": 128}, "parameter_count": 48514, "effective_parameter_count": 37762, "latency_ms": 0.232058624, "latency_low_ms": 0.21813510655999999, "latency_high_ms": 0.24598214144, "latency_measured": null, "error_rate": 0.475, "error_se": 0.020386883037875114, "n_dev": 600, "macro_f1": null, "seeds": 1}, {"id": "2-2-64-64", "architecture": {"depth": 2, "heads": 2, "hidden": 64, "intermediate": 64}, "parameter_count": 65474, "effective_parameter_count": 54722, "latency_ms": 0.45835008, "latency_low_ms": 0.4308490752, "latency_high_ms": 0.4858510848, "latency_measured": null, "error_rate": 0.4666666666666667, "error_se": 0.02036700308869262, "n_dev": 600, "macro_f1": null, "seeds": 1}, {"id": "3-2-64-128", "architecture": {"depth": 3, "heads": 2, "hidden": 64, "intermediate": 128}, "parameter_count": 115458, "effective_parameter_count": 104706, "latency_ms": 0.696175872, "latency_low_ms": 0.6544053196799999, "latency_high_ms": 0.73794642432, "latency_measured": null, "error_rate": 0.4533333333333333, "error_se": 0.020323312649197647, "n_dev": 600, "macro_f1": null, "seeds": 1}, {"id": "1-2-128-64", "architecture": {"depth": 1, "heads": 2, "hidden": 128, "intermediate": 64}, "parameter_count": 121410, "effective_parameter_count": 99906, "latency_ms": 0.250932992, "latency_low_ms": 0.23587701248, "latency_high_ms": 0.26598897152000006, "latency_measured": null, "error_rate": 0.4483333333333333, "error_se": 0.020303142431470866, "n_dev": 600, "macro_f1": null, "seeds": 1}, {"id": "2-2-128-128", "architecture": {"depth": 2, "heads": 2, "hidden": 128, "intermediate": 128}, "parameter_count": 237442, "effective_parameter_count": 215938, "latency_ms": 0.51340032, "latency_low_ms": 0.4825963008, "latency_high_ms": 0.5442043392, "latency_measured": null, "error_rate": 0.435, "error_se": 0.020239194648009093, "n_dev": 600, "macro_f1": null, "seeds": 1}, {"id": "3-2-128-64", "architecture": {"depth": 3, "heads": 2, "hidden": 128, "intermediate": 64}, "parameter_count": 287682, "effective_parameter_count": 266178, "latency_ms": 0.752798976, "latency_low_ms": 0.70763103744, "latency_high_ms": 0.79796691456, "latency_measured": null, "error_rate": 0.4266666666666667, "error_se": 0.020191674118400973, "n_dev": 600, "macro_f1": null, "seeds": 1}], "best": {"id": "1-2-64-64", "architecture": {"depth": 1, "heads": 2, "hidden": 64, "intermediate": 64}, "parameter_count": 40258, "effective_parameter_count": 29506, "latency_ms": 0.22917504, "latency_low_ms": 0.2154245376, "latency_high_ms": 0.2429255424, "latency_measured": null, "error_rate": 0.48833333333333334, "error_se": 0.020406857053814408, "n_dev": 600, "macro_f1": null, "seeds": 1, "w": 1.266564487326594}, "w_ratio": 1.0, "ranking": [{"id": "1-2-64-64", "w": 1.266564487326594}, {"id": "1-2-64-128", "w": 1.2591443869519323}, {"id": "1-2-128-64", "w": 0.9620034797307565}, {"id": "2-2-64-64", "w": 0.6989441014307575}, {"id": "2-2-128-128", "w": 0.22642044988832105}, {"id": "3-2-64-128", "w": 0.13920909626776276}, {"id": "3-2-128-64", "w": 0.007709366539064382}], "ending": "certified", "excluded": [], "ledger": [{"assumption": "error on this dev set, as trained", "status": "checked", "evidence": "The claim is about the errors measured on this dev set by these trainings, not about other data."}, {"assumption": "parameter counts", "status": "checked", "evidence": "Counted exactly for every architecture."}, {"assumption": "latency", "status": "estimated", "evidence": "Certified for the model''s latencies, a factor of 1.5. If the true ones are within ±6.0% of the model, they are covered within a factor of 1.69."}, {"assumption": "error changes no faster than λ", "status": "assumed", "evidence": "λ as given; 0 of 6 predictions violated. If it holds, every architecture is covered within a factor of 1.43."}, {"assumption": "what one seed adds", "status": "assumed", "evidence": "τ = 0: an error is defined as its trainings gave it, their seeds included."}, {"assumption": "audit, which needs no assumption", "status": "checked", "evidence": "2 of 5 audited at random, 0 failed; with 95% confidence at most 3 of 5 are uncovered by the standard of ε = 0.5, on this dev set. All errors were within what λ predicts."}], "latency": {"profile": "made-up", "runtime": "torch-float32", "batch_size": 1, "sequence_length": 32, "threads": 2, "band": 0.06, "machine": {"cpu": "Made-up CPU <b>9000</b> ![x](http://outside.example/x.png)", "cpu_details": "none", "cores": 2, "logical_cpus": 4, "memory_gib": 8, "os": "Linux", "os_release": "6", "python": "3.12", "libraries": {"torch": "2.0"}, "threads": 2}, "is_this_machine": false, "measured_at": "2026-01-01T00:00:00Z", "noise_ok": true}, "audit": {"number": 1, "goal": "cover", "epsilon": 0.5, "confidence": 0.95, "drawn": ["2-2-64-128", "2-2-128-64"], "trained": 2, "is_complete": true, "population": 5, "failed": [], "uncovered_at_most": 3, "statement": "2 of 5 audited at random, 0 failed; with 95% confidence at most 3 of 5 are uncovered by the standard of ε = 0.5, on this dev set"}, "certificate": "runs/job-1/certificate.json", "seconds": 2.687070608139038}',0,'a-machine',7267,3275.13,'6b28f2ce-e771-401f-88a9-61840410bf2a',0,'job-1');
INSERT INTO "jobs" VALUES(2,'agora','{"study": "torus", "task": "torus", "learner": "knn", "rounds": 1, "points": 12}','torus','done',1,1.79584848426247429848e+09,1.79584848428028321263e+09,1.7958484880625362396e+09,1.79584848801428103443e+09,3.78225302696228027343e+00,0.0,'{"done": 2, "total": 2, "message": "round 1: dev error 0.054, audit error 0.066", "eta_s": 0.0, "extra": {"stage": "Rounds", "round": 1, "train_size": 1512, "errors_found": 81, "proposed": 0, "refused": {}, "accepted": 0, "dev_error": 0.054, "dev_low": 0.04365935933562643, "dev_high": 0.06661919286677545, "dev_n": 1500, "setting": 2, "surviving_hyperparameters": [{"neighbours": 15.0}], "replayed": null, "ending": "rounds-spent", "audit_error": 0.066, "audit_low": 0.05871462523035539, "audit_high": 0.0741181715451055, "audit_n": 4000, "gap": 0.012000000000000004, "near_dev": null, "betti": [3, 1, 0], "coverage": 0.9993333333333333, "seconds": 1.479412327999853}}',NULL,'{"study": "torus", "task": "torus", "job": 2, "rounds": [{"round": 0, "train_size": 1500, "errors_found": 91, "proposed": 15, "refused": {"outside-radius": 3, "budget-spent": 6}, "accepted": 6, "dev_error": 0.06066666666666667, "dev_low": 0.04967170257629274, "dev_high": 0.0739061238831734, "dev_n": 1500, "setting": 1, "surviving_hyperparameters": [{"neighbours": 5.0}, {"neighbours": 15.0}], "replayed": null, "ending": null, "audit_error": 0.0775, "audit_low": 0.06961328909644399, "audit_high": 0.08619744048335377, "audit_n": 4000, "gap": 0.016833333333333332, "near_dev": null, "betti": [1, 1, 0], "coverage": 0.8946666666666667, "seconds": 1.7871582410002702}, {"round": 1, "train_size": 1512, "errors_found": 81, "proposed": 0, "refused": {}, "accepted": 0, "dev_error": 0.054, "dev_low": 0.04365935933562643, "dev_high": 0.06661919286677545, "dev_n": 1500, "setting": 2, "surviving_hyperparameters": [{"neighbours": 15.0}], "replayed": null, "ending": "rounds-spent", "audit_error": 0.066, "audit_low": 0.05871462523035539, "audit_high": 0.0741181715451055, "audit_n": 4000, "gap": 0.012000000000000004, "near_dev": null, "betti": [3, 1, 0], "coverage": 0.9993333333333333, "seconds": 1.479412327999853}], "final": {"dev_error": 0.054, "audit_error": 0.066, "gap": 0.012000000000000004, "audit_low": 0.05871462523035539, "audit_high": 0.0741181715451055, "audit_n": 4000, "ending": "rounds-spent"}, "warnings": [], "seconds": 3.266570569000123, "described": {"class_names": ["even band", "odd band"], "radius": 1.5}}',0,'a-machine',7267,3275.13,'6b28f2ce-e771-401f-88a9-61840410bf2a',0,'job-2');
INSERT INTO "jobs" VALUES(3,'finetune','{"study": "before", "picks": ["1-2-64-64"], "task": "movie-reviews"}','before','failed',1,1.79584848814241504672e+09,1.79584848817847371102e+09,1.79584848829328584673e+09,1.79584848825748586657e+09,1.14812135696411132812e-01,0.0,'{"done": 5, "total": 40, "message": "1-2-64-64 finetune, seed 0: loss 0.512", "eta_s": 12.5, "extra": {"study": "before", "stage": "finetune", "loss": 0.512, "seed": 0}}','the teacher has other labels (A, B); name another with --teacher',NULL,0,'another-machine',4242,1000.0,'boot',1,'job-3');
INSERT INTO "jobs" VALUES(4,'latency','{"space": {"name": "small", "family": "bert", "dimensions": {"depth": [1, 2, 3], "heads": [2], "hidden": [64, 128], "intermediate": [64, 128]}, "fixed": {"vocabulary": 100, "positions": 64, "types": 2, "labels": 2}}, "latency": {"runtime": "torch-float32", "batch_size": 1, "sequence_length": 32, "threads": null, "profile": null}, "count": 12, "seed": 0}',NULL,'cancelled',1,1.79584848835847592351e+09,1.79584848838243460651e+09,1.79584848852237582202e+09,1.79584848843433833118e+09,1.3994121551513671875e-01,0.0,'{"done": 3, "total": 20, "message": "Measuring, round: 3 of 20", "eta_s": 34.0, "extra": {"stage": "Measuring, round"}}','cancelled','{"profile": "made-up", "complete": false}',1,'another-machine',4242,1000.0,'boot',1,'job-4');
INSERT INTO "jobs" VALUES(5,'search','{"name": "before", "space": {"name": "small", "family": "bert", "dimensions": {"depth": [1, 2, 3], "heads": [2], "hidden": [64, 128], "intermediate": [64, 128]}, "fixed": {"vocabulary": 100, "positions": 64, "types": 2, "labels": 2}}, "task": {"task": "movie-reviews", "text": ["text"], "label": "label", "labelled": null, "seed": 0}, "training": {"steps": 200, "batch_size": 32, "learning_rates": [], "seeds": 1, "initialise": "inherit", "source": null, "teacher": null, "max_length": null, "device": "auto", "threads": null}, "latency": {"runtime": "torch-float32", "batch_size": 1, "sequence_length": 32, "threads": null, "profile": "made-up"}, "search": {"goal": "cover", "epsilon": 0.5, "weights": [1.0, 1.0, 1.0], "budget": 8, "minutes": null, "lipschitz": 0.6, "slack": null, "confidence": null, "audit": 2, "include": [], "seed": 0}}','before','lost',1,1.79584848856360125546e+09,1.79584848859513235091e+09,1.79584848864111733439e+09,1.79584848864111733439e+09,4.59849834442138671875e-02,0.0,'{"done": 2, "total": 6, "message": "Training candidates", "eta_s": null, "extra": {"study": "before", "stage": "Training candidates"}}','its process 4242 is gone (killed, or the machine restarted)',NULL,0,'another-machine',4242,1000.0,'boot',1,'job-5');
INSERT INTO "jobs" VALUES(6,'landmarks','{"latency": {"runtime": "torch-float32", "batch_size": 1, "sequence_length": 32, "threads": null, "profile": null}}',NULL,'cancelled',1,1.79584848870260572429e+09,NULL,1.79584848873545622821e+09,NULL,0.0,0.0,'{"done": 0, "total": null, "message": "", "eta_s": null, "extra": {}}','cancelled before it began',NULL,0,NULL,NULL,NULL,NULL,0,'job-6');
INSERT INTO "jobs" VALUES(7,'landmarks','{"latency": {"runtime": "torch-float32", "batch_size": 1, "sequence_length": 32, "threads": null, "profile": null}}',NULL,'cancelled',1,1.79584848877918624877e+09,1.79584848882644772531e+09,1.79584848889440941814e+09,1.79584848882644772531e+09,0.0679616928100586,0.0,'{"done": 0, "total": null, "message": "", "eta_s": null, "extra": {}}','interrupted',NULL,0,'another-machine',4242,1000.0,'boot',1,'job-7');
INSERT INTO "jobs" VALUES(8,'landmarks','{"latency": {"runtime": "torch-float32", "batch_size": 1, "sequence_length": 32, "threads": null, "profile": null}}',NULL,'cancelled',1,1.79584848893050813677e+09,1.79584848897846841809e+09,1.79584848906240892411e+09,1.79584848897846841809e+09,8.39405059814453125e-02,0.0,'{"done": 0, "total": null, "message": "", "eta_s": null, "extra": {}}','killed: it did not stop by itself',NULL,0,'another-machine',4242,1000.0,'boot',1,'job-8');
INSERT INTO "jobs" VALUES(9,'landmarks','{"latency": {"runtime": "torch-float32", "batch_size": 1, "sequence_length": 32, "threads": null, "profile": null}}',NULL,'cancelled',1,1.79584848907614970207e+09,1.79584848908694434165e+09,1.79584848913619732858e+09,1.79584848908694434165e+09,4.9252986907958984375e-02,0.0,'{"done": 0, "total": null, "message": "", "eta_s": null, "extra": {}}','stopped by SIGTERM',NULL,0,'another-machine',4242,1000.0,'boot',1,'job-9');
INSERT INTO "jobs" VALUES(10,'landmarks','{"latency": {"runtime": "torch-float32", "batch_size": 1, "sequence_length": 32, "threads": null, "profile": null}}',NULL,'cancelled',1,1.79584848914349126808e+09,1.79584848915536952019e+09,1.79584848921857929233e+09,1.79584848915536952019e+09,6.32097721099853515625e-02,0.0,'{"done": 0, "total": null, "message": "", "eta_s": null, "extra": {}}','another attempt took it over',NULL,0,'another-machine',4242,1000.0,'boot',1,'job-10');
INSERT INTO "jobs" VALUES(11,'landmarks','{"latency": {"runtime": "torch-float32", "batch_size": 1, "sequence_length": 32, "threads": null, "profile": null}}',NULL,'lost',1,1.79584848926252293585e+09,1.79584848929076743126e+09,1.79584848929076743126e+09,1.79584848929076743126e+09,0.0,0.0,'{"done": 0, "total": null, "message": "", "eta_s": null, "extra": {}}','its process on another-machine has not been heard of for 75 s',NULL,0,'another-machine',4242,1000.0,'boot',1,'job-11');
INSERT INTO "jobs" VALUES(12,'landmarks','{"latency": {"runtime": "torch-float32", "batch_size": 1, "sequence_length": 32, "threads": null, "profile": null}}',NULL,'failed',1,1.79584848939283967016e+09,1.79584848943592238421e+09,1.7958484895303740501e+09,1.79584848943592238421e+09,0.0944516658782959,0.0,'{"done": 0, "total": null, "message": "", "eta_s": null, "extra": {}}','ZeroDivisionError: division by zero',NULL,0,'another-machine',4242,1000.0,'boot',1,'job-12');
INSERT INTO "jobs" VALUES(13,'agora-comparison','{"study": "torus", "task": "torus"}',NULL,'queued',1,1.79584848956647515298e+09,NULL,NULL,NULL,0.0,0.0,'{"done": 0, "total": null, "message": "", "eta_s": null, "extra": {}}',NULL,NULL,0,NULL,NULL,NULL,NULL,0,'job-13');
CREATE TABLE latency_profiles (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	profile TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	fingerprint_digest TEXT, 
	runtime TEXT, 
	batch_size INTEGER, 
	sequence_length INTEGER, 
	threads INTEGER, 
	space_digest TEXT, 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
INSERT INTO "latency_profiles" VALUES(1,'made-up','{"format": "bort-latency-profile", "version": 1, "profile": "made-up", "runtime": "torch-float32", "batch_size": 1, "sequence_length": 32, "threads": 2, "fingerprint": {"cpu": "Made-up CPU <b>9000</b> ![x](http://outside.example/x.png)", "cpu_details": "none", "cores": 2, "logical_cpus": 4, "memory_gib": 8, "os": "Linux", "os_release": "6", "python": "3.12", "libraries": {"torch": "2.0"}, "threads": 2, "digest": "ba56d35b4e81298e97429a1812200bdc661151427ffeffa90f4f3c0190dc981a"}, "space": {"name": "small", "digest": "73bec72693724b93970a48cbee9f0571bed15b9d6d7adbbe1ec408081f792791", "family": "bert", "fixed": {"vocabulary": 100, "positions": 64, "types": 2, "labels": 2}}, "model": {"fitted_on": 24, "held_out": 12, "median_abs_percent_error": 2.0, "p90_abs_percent_error": 4.0, "rank_correlation": 0.99, "band": 0.06, "coefficients_ms": {"ffn": 1.1e-08, "projections": 1.2e-08, "layers": 0.22}}, "noise": {"ok": true, "reasons": [], "warnings": [], "others_share": 0.01, "resolution": null, "drift": null, "models": 0, "pace_change": null, "pace_since": null, "pace_models": 0, "before": {"reference_ms": 1.0, "spread": 0.01, "others_share": 0.01, "ratio_spread": null, "ok": true, "reasons": []}, "after": {"reference_ms": 1.0, "spread": 0.01, "others_share": 0.01, "ratio_spread": null, "ok": true, "reasons": []}}, "architectures": [], "seed": 0, "rounds": 20, "complete": true, "seconds": 60.0, "measured_at": "2026-01-01T00:00:00Z"}',1.7958484810794272423e+09,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE metrics (
	id INTEGER NOT NULL, 
	job_id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	step INTEGER NOT NULL, 
	value FLOAT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(job_id) REFERENCES jobs (id) ON DELETE CASCADE
);
INSERT INTO "metrics" VALUES(1,1,'certified_epsilon',1,2.48220225318449694285e+00);
INSERT INTO "metrics" VALUES(2,1,'certified_epsilon',2,1.87874980506451350059e+00);
INSERT INTO "metrics" VALUES(3,1,'certified_epsilon',3,1.76565606272269293164e+00);
INSERT INTO "metrics" VALUES(4,1,'certified_epsilon',4,1.76565606272269293164e+00);
INSERT INTO "metrics" VALUES(5,1,'certified_epsilon',5,8.24652526619804260299e-01);
INSERT INTO "metrics" VALUES(6,1,'certified_epsilon',6,8.02001834739964780673e-01);
INSERT INTO "metrics" VALUES(7,1,'certified_epsilon',7,4.30623706636130254565e-01);
INSERT INTO "metrics" VALUES(8,2,'dev_error',0,6.06666666666666673513e-02);
INSERT INTO "metrics" VALUES(9,2,'audit_error',0,0.0775);
INSERT INTO "metrics" VALUES(10,2,'coverage',0,8.94666666666666721141e-01);
INSERT INTO "metrics" VALUES(11,2,'accepted',0,12.0);
INSERT INTO "metrics" VALUES(12,2,'dev_error',1,0.054);
INSERT INTO "metrics" VALUES(13,2,'audit_error',1,0.066);
INSERT INTO "metrics" VALUES(14,2,'coverage',1,9.99333333333333295733e-01);
INSERT INTO "metrics" VALUES(15,2,'accepted',1,0.0);
INSERT INTO "metrics" VALUES(16,3,'movie-reviews/1-2-64-64/finetune-seed0-lr0.0001/loss',10,0.7);
INSERT INTO "metrics" VALUES(17,3,'x',1,NULL);
CREATE TABLE models (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	job_id INTEGER, 
	study TEXT NOT NULL, 
	task TEXT NOT NULL, 
	architecture_id TEXT NOT NULL, 
	architecture TEXT NOT NULL, 
	realised TEXT NOT NULL, 
	evidence TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	is_imported BOOLEAN NOT NULL, 
	folder_name TEXT NOT NULL, 
	UNIQUE (name)
);
INSERT INTO "models" VALUES(1,'before-model',3,'before','movie-reviews','1-2-64-64','{"depth": 1, "heads": 2, "hidden": 64, "intermediate": 64}','{"task": "movie-reviews", "architecture_id": "1-2-64-64", "seeds": [0, 1, 2], "dev": {"accuracy": 0.82, "n": 1585}, "audit": {"accuracy": 0.81, "low": 0.79, "high": 0.83, "n": 1585, "macro_f1": 0.8}, "teacher": {"accuracy": 0.81, "low": 0.79, "high": 0.83, "n": 1585, "macro_f1": 0.8, "name": "MiniLM fine-tuned", "dev_accuracy": 0.85}, "plain_student": {"accuracy": 0.6, "low": 0.79, "high": 0.83, "n": 1585, "macro_f1": 0.8}, "tfidf": {"accuracy": 0.75, "low": 0.79, "high": 0.83, "n": 1585, "macro_f1": 0.8, "name": "tf-idf with logistic regression"}, "landmark": {"name": "Bort", "parameter_count": 55900000, "latency_ms": 60.0}, "difference_from_teacher": {"difference": -0.01, "low": -0.02, "high": 0.001}, "predicted": {"id": "1-2-64-64", "architecture": {"depth": 1, "heads": 2, "hidden": 64, "intermediate": 64}, "parameter_count": 40258, "effective_parameter_count": 29506, "latency_ms": 0.22917504, "latency_low_ms": 0.2154245376, "latency_high_ms": 0.2429255424, "latency_measured": null, "error_rate": 0.48833333333333334, "error_se": 0.020406857053814408, "n_dev": 600, "macro_f1": null, "seeds": 1}, "parameter_count": 40258, "latency_ms": 0.25209254400000003, "latency": {"torch-float32": {"median_ms": 0.25209254400000003, "teacher_ms": 12.0, "workload": "batch 1"}, "onnx-int8": {"median_ms": 0.12604627200000001, "teacher_ms": 6.0, "noise_ok": false}}, "share_of_teacher": 0.97, "times_faster_than_teacher": 47.60156651043197}','{"data": {"task_spec": {"task": "movie-reviews"}}, "latency": {"onnx-int8": {"models": {"landmark Bort": {"median_ms": 30.0}}}}, "oracle": {"teacher": "MiniLM fine-tuned", "teacher_sha256": "0000000000000000000000000000000000000000000000000000000000000000"}, "workload": {"threads": 1}}',1.795848489776768446e+09,0,'before-model');
CREATE TABLE offered_examples (
	file_name TEXT NOT NULL, 
	PRIMARY KEY (file_name)
);
CREATE TABLE studies (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	spec TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	profile TEXT, 
	is_example BOOLEAN NOT NULL, 
	UNIQUE (name)
);
INSERT INTO "studies" VALUES(1,'before','{"name": "before", "space": {"name": "small", "family": "bert", "dimensions": {"depth": [1, 2, 3], "heads": [2], "hidden": [64, 128], "intermediate": [64, 128]}, "fixed": {"vocabulary": 100, "positions": 64, "types": 2, "labels": 2}}, "task": {"task": "movie-reviews", "text": ["text"], "label": "label", "labelled": null, "seed": 0}, "training": {"steps": 200, "batch_size": 32, "learning_rates": [], "seeds": 1, "initialise": "inherit", "source": null, "teacher": null, "max_length": null, "device": "auto", "threads": null}, "latency": {"runtime": "torch-float32", "batch_size": 1, "sequence_length": 32, "threads": null, "profile": "made-up"}, "search": {"goal": "cover", "epsilon": 0.5, "weights": [1.0, 1.0, 1.0], "budget": 8, "minutes": null, "lipschitz": 0.6, "slack": null, "confidence": null, "audit": 2, "include": [], "seed": 0}}',1.79584848122553730007e+09,'made-up',0);
CREATE INDEX ix_jobs_study ON jobs (study);
CREATE INDEX ix_jobs_state ON jobs (state);
CREATE INDEX ix_models_study ON models (study);
CREATE INDEX ix_job_events_job_id ON job_events (job_id);
CREATE INDEX metrics_of_job ON metrics (job_id, name, step);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('jobs',13);
INSERT INTO "sqlite_sequence" VALUES('studies',1);
INSERT INTO "sqlite_sequence" VALUES('models',1);
COMMIT;
