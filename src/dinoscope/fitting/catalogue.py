"""Catalogue: what the bundled tasks are called, ask and hide."""

from __future__ import annotations

from .datasets import Sample

LICENCE = "not stated where it was found"

TASKS: dict[str, dict] = {
    "brain_mri": {
        "title": "Brain MRI tumour",
        "question": "Which tumour, if any, does this brain MRI slice show?",
        "modality": "brain MRI",
        "classes": {
            "glioma_tumor": "glioma",
            "meningioma_tumor": "meningioma",
            "no_tumor": "no tumour",
            "pituitary_tumor": "pituitary tumour",
        },
        "data": "Brain tumour classification (Bhuvaji), 1,340 slices",
        "flaw": "Slices of one person cannot be told apart from slices of another, many glioma labels are disputed, "
        "and pictures without a tumour come from other sources, so accuracy is flattering.",
    },
    "leukemia_all": {
        "title": "Blood smear leukaemia",
        "question": "Does this blood smear show acute lymphoblastic leukaemia, and of which type?",
        "modality": "blood smear",
        "classes": {"benign": "benign", "early": "early pre-B ALL", "pre": "pre-B ALL", "pro": "pro-B ALL"},
        "data": "Blood cells cancer (ALL), Taleqani Hospital, 1,120 fields of 89 people",
        "flaw": "Fields of one person stand on both sides of the split, and stain and brightness alone give much of "
        "the class away, so accuracy is flattering.",
    },
    "eye_diseases": {
        "title": "Retina",
        "question": "Which eye disease, if any, does this fundus photograph show?",
        "modality": "fundus photograph",
        "classes": {
            "cataract": "cataract",
            "diabetic_retinopathy": "diabetic retinopathy",
            "glaucoma": "glaucoma",
            "normal": "normal",
        },
        "data": "Eye diseases classification, 1,280 photographs",
        "flaw": "The classes come from different cameras, so frame and colour betray part of the answer.",
    },
    "chest_ct": {
        "title": "Lung CT",
        "question": "Which lung cancer, if any, does this CT slice show?",
        "modality": "lung CT",
        "classes": {
            "adenocarcinoma": "adenocarcinoma",
            "large_cell_carcinoma": "large cell carcinoma",
            "normal": "normal",
            "squamous_cell_carcinoma": "squamous cell carcinoma",
        },
        "data": "Chest CT-Scan images, 846 distinct slices",
        "flaw": "No patient numbers are known and slices look alike; normal slices are brighter and framed "
        "differently, some with marks drawn on them.",
    },
    "pneumonia_cxr": {
        "title": "Chest radiograph",
        "question": "Does this child's chest radiograph show pneumonia, bacterial or viral?",
        "modality": "chest radiograph",
        "classes": {
            "normal": "normal",
            "pneumonia_bacteria": "bacterial pneumonia",
            "pneumonia_virus": "viral pneumonia",
        },
        "data": "Paediatric chest radiographs (Kermany 2018), 1,368 pictures",
        "flaw": "Children of one hospital; bacterial against viral is hard to see and the labels are uncertain.",
    },
    "lung_ct_iqothnccd": {
        "title": "Lung CT nodules",
        "question": "Does this chest CT slice show a benign or a malignant nodule?",
        "modality": "lung CT",
        "classes": {"benign": "benign nodule", "malignant": "malignant nodule", "normal": "normal"},
        "data": "IQ-OTH/NCCD, Iraqi hospitals, 663 slices of 110 people",
        "flaw": "Neighbouring slices of one scan stand on both sides of the split, as no patient numbers are given, "
        "and malignant pictures are often wider, so accuracy is flattering.",
    },
    "lung_histology": {
        "title": "Lung histology",
        "question": "Does this stained lung tissue show cancer, and of which type?",
        "modality": "histology tile",
        "classes": {
            "adenocarcinoma": "adenocarcinoma",
            "normal": "normal lung",
            "squamous_cell_carcinoma": "squamous cell carcinoma",
        },
        "data": "LC25000, one picture for each of 740 real tiles",
        "flaw": "The tiles come from few slides, so that stain and scanner help; near-perfect accuracy is usual here "
        "and says little about other laboratories.",
    },
    "blood_cells_pbc": {
        "title": "Blood cells",
        "question": "Which normal blood cell is this?",
        "modality": "single blood cell",
        "classes": {
            "basophil": "basophil",
            "eosinophil": "eosinophil",
            "erythroblast": "erythroblast",
            "ig": "immature granulocyte",
            "lymphocyte": "lymphocyte",
            "monocyte": "monocyte",
            "neutrophil": "neutrophil",
            "platelet": "platelet",
        },
        "data": "Peripheral blood cells (Acevedo 2020), Hospital Clinic of Barcelona, 1,280 pictures",
        "flaw": "One laboratory, one analyser, healthy people, and no patient numbers, so cells of one person stand on "
        "both sides of the split.",
    },
    "ham10000": {
        "title": "Skin lesion",
        "question": "Which pigmented skin lesion does this dermoscopy show?",
        "modality": "dermoscopy",
        "classes": {
            "akiec": "actinic keratosis or Bowen's disease",
            "bcc": "basal cell carcinoma",
            "bkl": "benign keratosis",
            "df": "dermatofibroma",
            "mel": "melanoma",
            "nv": "melanocytic naevus",
            "vasc": "vascular lesion",
        },
        "data": "HAM10000 (Tschandl 2018), 1,407 pictures of 1,176 lesions",
        "licence": "not stated where it was found; its authors distribute it for non-commercial use",
        "flaw": "Stored at 200 x 150 px, which loses fine structure; classes are far more even than in a clinic, and "
        "nearly all skin is light.",
    },
    "busi": {
        "title": "Breast ultrasound",
        "question": "Does this breast ultrasound show a benign or a malignant mass?",
        "modality": "breast ultrasound",
        "classes": {"benign": "benign mass", "malignant": "malignant mass", "normal": "normal"},
        "data": "BUSI, Baheya Hospital, Cairo, 572 pictures",
        "flaw": "About 110 pictures have a near-copy and some carry contradicting labels; measuring crosses that were "
        "burned in by the examiner give lesions away.",
    },
    "odir": {
        "title": "Retina findings",
        "question": "Which findings does this fundus photograph show?",
        "modality": "fundus photograph",
        "exclusive": False,
        "classes": {
            "normal": "normal",
            "diabetic_retinopathy": "diabetic retinopathy",
            "glaucoma": "glaucoma",
            "cataract": "cataract",
            "amd": "age-related macular degeneration",
            "hypertension": "hypertensive retinopathy",
            "myopia": "pathological myopia",
            "other": "other finding",
        },
        "data": "ODIR-5K, 1,034 eyes of 545 people",
        "flaw": "Findings of an eye were derived from a doctor's keywords and can be wrong; rare findings are "
        "over-represented.",
    },
}
"""Task -> the facts of its task.json that no file of the data set holds."""


def licence(task: str) -> str:
    """What is known of the licence of a data set's pictures."""
    return TASKS.get(task, {}).get("licence", LICENCE)


def labels(task: str, sample: Sample) -> tuple[str, ...]:
    """The class of a sample, or its findings."""
    entry = TASKS.get(task, {})
    if entry.get("exclusive", True):
        return sample.labels
    return tuple(finding for finding in entry["classes"] if sample.metadata.get(finding) == "1")


def facts(task: str, labels: list[str]) -> dict:
    """The catalogue's entry, or a plain one for a task that somebody else brings."""
    plain = {
        "title": task.replace("_", " ").capitalize(),
        "question": f"Which class of {task.replace('_', ' ')} is this?",
        "modality": "picture",
        "classes": {label: label.replace("_", " ") for label in labels},
        "data": task,
        "flaw": "",
    }
    plain["licence"] = licence(task) if task in TASKS else "your own"
    return {"name": task, **plain, **TASKS.get(task, {})}


def titles() -> dict[str, str]:
    """Task -> its name for readers."""
    return {name: facts["title"] for name, facts in TASKS.items()}
