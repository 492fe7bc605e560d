// Shortens the list of countries while a name is typed; without it the whole list stands there.
(function(){
var box=document.getElementById("filter"),field=document.getElementById("name"),none=document.getElementById("none");
if(!box||!"".normalize)return;
function plain(s){return s.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f\u0640\u064b-\u0652]/g,"").replace(/[أإآ]/g,"ا").replace(/[یى]/g,"ي").replace(/ک/g,"ك").replace(/ة/g,"ه")}
var items=[].slice.call(document.querySelectorAll(".countries li")),names=items.map(function(i){return plain(i.textContent)});
box.hidden=false;
field.addEventListener("input",function(){
var typed=plain(field.value.trim()),left=0;
items.forEach(function(item,n){item.hidden=names[n].indexOf(typed)<0;if(!item.hidden)left++});
none.textContent=left?"":none.getAttribute("data-none");
});
})();
