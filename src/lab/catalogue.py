"""Catalogue: what the bundled tasks are called, ask and hide."""

from __future__ import annotations

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
}
"""Task -> the facts of its task.json that no file of the data set holds."""


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
    return {"name": task, **plain, **TASKS.get(task, {}), "licence": LICENCE if task in TASKS else "your own"}
