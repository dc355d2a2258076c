"""Hand the recognition what a reader has read. The structs are those of the connectors, which cannot import the gateway."""

from connectors.catalogue import Catalogue as Catalogue
from connectors.catalogue import CatalogueColumn as CatalogueColumn
from connectors.catalogue import CatalogueIndex as CatalogueIndex
from connectors.catalogue import CatalogueReader as CatalogueReader
from connectors.catalogue import CatalogueTable as CatalogueTable
from connectors.catalogue import ColumnKind as ColumnKind
from connectors.catalogue import ForeignKey as ForeignKey
