"""A hospital's metrics as a layer without labels gives them: a second company, to see that nothing is fitted to one."""

from datus.knowledge.values import Place, ValueIndex
from datus.types import Column, DatabaseSchema, Dimension, Metric, MetricCatalogue, TableSchema

DIMENSIONS = (
    Dimension("admission__admission_type", "categorical", "admission type", "", ("入院方式",), "admissions", "admission_type"),
    Dimension("admission__discharged_on", "time", "discharged on", "", ("discharge date", "出院日期"), "admissions", "discharged_on"),
    Dimension("department__department_name", "categorical", "Department", "", ("科室",), "departments", "department_name"),
    Dimension("department__campus", "categorical", "campus", "", ("院区",), "departments", "campus"),
    Dimension("patient__gender", "categorical", "gender", "", ("性别",), "patients", "gender"),
    Dimension("patient__insurance_type", "categorical", "Insurance | 医保类型", "", ("payer",), "patients", "insurance_type"),
    Dimension("patient__age_group", "categorical", "age group", "", ("年龄段",), "patients", "age_group"),
    Dimension("doctor__full_name", "categorical", "Doctor", "", ("医生",), "doctors", "full_name"),
    Dimension("doctor__department__department_name", "categorical", "Department", "", ("科室",), "departments",
              "department_name"),
)  # fmt: skip
_ALL = tuple(each.name for each in DIMENSIONS)
METRICS = (
    Metric("admissions", "simple", "Admissions", "Hospital stays that began. | 入院人次", "number of admission_id in admissions",
           ("hospital stays", "入院人次", "入院数"), dimensions=_ALL),
    Metric("average_length_of_stay", "ratio", "Average length of stay", "", "bed_days divided by admissions",
           ("ALOS", "LOS", "平均住院日"), dimensions=_ALL),
    Metric("readmission_rate", "ratio", "Readmission rate", "", "readmitted divided by admissions", ("再入院率",), dimensions=_ALL),
    Metric("treatment_revenue", "simple", "Treatment revenue", "", "sum of billed in treatments", ("revenue", "医疗收入"),
           dimensions=_ALL),
    Metric("drug_cost", "simple", "Drug cost | 药品费用", "", "sum of cost in drugs", dimensions=_ALL),
    Metric("surgeries", "simple", "Surgeries", "", "number of surgery_id in surgeries", ("operations", "手术量"), dimensions=_ALL),
    Metric("patients_seen", "simple", "Patients seen", "", "number of distinct patient_id in visits", ("就诊患者数", "患者数"),
           dimensions=_ALL),
    Metric("mortality_rate", "ratio", "Mortality rate", "", "deaths divided by admissions", ("死亡率",), dimensions=_ALL),
    Metric("revenue_ytd", "cumulative", "Revenue year to date", "", "treatment_revenue from the start of the year to each day",
           ("本年累计收入",), dimensions=_ALL),
    Metric("rolling_7_day_admissions", "cumulative", "Rolling 7-day admissions", "", "admissions over the 7 days up to each day",
           ("近7天滚动入院人次",), dimensions=_ALL),
    Metric("revenue_growth_yoy", "derived", "Revenue growth YoY", "", "r / r 1 year before - 1", ("收入同比增长率",), dimensions=_ALL),
    Metric("revenue_last_year", "derived", "Revenue last year", "", "treatment_revenue 1 year before", dimensions=_ALL),
    Metric("bed_occupancy_rate", "ratio", "Bed occupancy rate", "", "bed_days divided by beds", ("occupancy", "床位使用率"),
           dimensions=("department__department_name", "department__campus"), grain="month"),
)  # fmt: skip
_VALUES = {
    ("admissions", "admission_type"): ("Emergency", "Elective", "急诊", "择期"),
    ("departments", "department_name"): ("Cardiology", "Intensive Care", "Oncology", "心内科", "骨科"),
    ("departments", "campus"): ("North", "South", "东院区"),
    ("patients", "gender"): ("F", "M"),
    ("patients", "insurance_type"): ("Public", "Private", "Self-pay", "自费"),
    ("patients", "age_group"): ("0-17", "18-64", "65+"),
    ("doctors", "full_name"): ("Anna Berg", "王芳"),
}  # fmt: skip
CATALOGUE = MetricCatalogue(METRICS, {each.name: each for each in DIMENSIONS})
SCHEMA = DatabaseSchema(
    "postgresql",
    "hospital",
    tuple(
        TableSchema(
            table,
            tuple(Column(column, "text", "text") for held, column in _VALUES if held == table),
            "public",
        )
        for table in dict.fromkeys(table for table, _ in _VALUES)
    ),
    "public",
)
INDEX = ValueIndex.build(
    Place(table, column, value) for (table, column), values in _VALUES.items() for value in values
)
